"""The error of a neuron over T steps, split into four parts that add up to it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ...neurons import Neuron

PARTS = ("inherited", "clipping", "quantisation", "unevenness")  # in this order they telescope from a to φ


def split_error(
    neuron: Neuron, activation: Callable[[Tensor], Tensor], drive: Tensor, fired: Tensor, wanted: Tensor, T: int
) -> dict[str, Tensor]:
    """e = φ − a = inherited + clipping + quantisation + unevenness, for every neuron of every sample.

        z = Σ I / T, the mean input        φ = θ Σ s / T, the mean output
        inherited    = f(z) − a                        what the layers before brought in
        clipping     = clip(z, 0, βθ) − f(z)           what lies outside the neuron's range
        quantisation = q − clip(z, 0, βθ)              q = θ/T · clamp(⌊Tz/θ + v(0)/θ⌋, 0, βT), the level that an
                                                       input of z at every step would give
        unevenness   = φ − q                           what comes of the input being another at every step

    With f the ReLU, as in the source, clip(z, 0, βθ) is clip(f(z), 0, βθ). An f with a ceiling below βθ differs: what
    the neuron emits above the ceiling counts as clipping (of the wrong height), not as quantisation.

    Args:
        activation: f, the ANN's activation at this site.
        drive: Σ I [B, …], in the unit of the activation. fired: Σ s [B, …], the net spikes.
        wanted: a [B, …], the ANN's activation for the same input to the network.

    Returns:
        {part: float64 [B, …]}, keys as in `PARTS`.

    Source: clipping, quantisation and unevenness errors of Bu et al., ICLR 2022 ("Optimal ANN-SNN conversion for
    high-accuracy and ultra-low-latency spiking neural networks"), §3; inherited is what they exclude by assuming equal
    inputs.
    """
    most, start = range_of(neuron)
    theta = neuron.per_unit(drive).double()
    drive = drive.double()
    z, output = drive / T, theta * fired.double() / T
    ideal = activation(z)
    clipped = z.clamp(min=0).minimum(most * theta)
    level = theta / T * (drive / theta + start).floor().clamp(0, most * T)
    return {
        "inherited": ideal - wanted.double(),
        "clipping": clipped - ideal,
        "quantisation": level - clipped,
        "unevenness": output - level,
    }


def range_of(neuron: Neuron) -> tuple[int, float]:
    """(β, v(0)/θ): a neuron that names no β fires at most once a step, one that names no v0 starts at 0."""
    return getattr(neuron, "beta", 1), getattr(neuron, "v0", 0.0)
