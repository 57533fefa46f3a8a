"""The error of a neuron over T steps, split into four parts that add up to it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ...neurons import Neuron, response
from ...neurons.temporal import per_unit

PARTS = ("inherited", "clipping", "quantisation", "unevenness")  # in this order they telescope from a to φ


def split_error(
    neuron: Neuron,
    activation: Callable[[Tensor], Tensor],
    drive: Tensor,
    sent: Tensor,
    wanted: Tensor,
    T: int,
    warm_up: int = 0,
) -> dict[str, Tensor]:
    """e = φ − a = inherited + clipping + quantisation + unevenness, for every neuron of every sample.

        z = Σ I / T − offset, the mean input       φ = θ Σ y / T, the mean output
        inherited    = f(z) − a                        what the layers before brought in
        clipping     = clip(z, 0, ρθ) − f(z)           what lies outside the neuron's range, ρ = `neuron.reach(T)`
        quantisation = g(z) − clip(z, 0, ρθ)           g(z), what the neuron gives for an input of z at every step
        unevenness   = φ − g(z)                        what comes of the input being another at every step

    g is the neuron's own transfer function, with the v(0) and the offset that calibration found, and its warm-up (see
    `response`): what these shift is part of the quantisation, be it meant against another error. Sums are over the T
    steps that the output is read from, after the warm-up. y are the spikes; where spikes are differences, the decoded
    mean, which is what the layers behind see.

    A neuron that tracks another f is limited on both sides: clip(f(z), −ρθ, ρθ) stands for clip(z, 0, ρθ) there.

    With f the ReLU, as in the source, clip(z, 0, ρθ) is clip(f(z), 0, ρθ). An f with a ceiling below ρθ differs: what
    the neuron emits above the ceiling counts as clipping (of the wrong height), not as quantisation.

    Args:
        activation: f, the ANN's activation at this site.
        drive: Σ I [B, …], all that the neuron integrates, in the unit of the activation. sent: Σ y [B, …], in quanta.
        wanted: a [B, …], the ANN's activation for the same input to the network.

    Returns:
        {part: float64 [B, …]}, keys as in `PARTS`.

    Source: clipping, quantisation and unevenness errors of Bu et al., ICLR 2022 ("Optimal ANN-SNN conversion for
    high-accuracy and ultra-low-latency spiking neural networks"), §3; inherited is what they exclude by assuming equal
    inputs.
    """
    theta = neuron.per_unit(drive).double()
    z, output = drive.double() / T, theta * sent.double() / T
    if neuron.offset is not None:
        z = z - per_unit(neuron.offset, drive).double()
    ideal = activation(z)
    clipped = neuron.ideal(z, T)
    level = response(neuron, z, T, warm_up).double()
    return {
        "inherited": ideal - wanted.double(),
        "clipping": clipped - ideal,
        "quantisation": level - clipped,
        "unevenness": output - level,
    }
