"""Calibration without data: inputs optimised to meet the BatchNorm statistics, else Gaussian ones.

A trained BatchNorm remembers mean μ and variance σ² of its input over the training set. Images x are found by Adam on
Σ_layers |mean(x) − μ|² + |std(x) − σ|² (Yin et al., CVPR 2020, DeepInversion, Eq. 4; Nagel et al., ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from ..graph.graphs import as_call
from ..graph.whole_inputs import bounds_of, draw_inputs
from ..placement import placement_of
from ..progress import track

IMAGES = 64  # optimised
GAUSSIAN = 16  # more of them say nothing more
BATCH = 8  # images calibrated at once
STEPS = 60
LEARNING_RATE = 0.1
BUDGET = 4e12  # floating-point operations: about a minute on two CPU cores
BACKWARD = 3  # a step costs about three forward passes
MET = 0.25  # of the variance, mean over the layers: trained networks come to 0.02, statistics that nothing meets to 0.5
BETTER = "real data (data=…, --calib) is better"
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def synthetic_batches(
    raised: fx.GraphModule, shapes: list[tuple[int, ...]], seed: int
) -> tuple[list[tuple[Tensor, ...]], str]:
    """Calibration batches for a network of which no data is at hand.

    Args:
        raised: the network with its BatchNorm layers still there.
        shapes: per-sample shapes of the inputs.
        seed: of the random start.

    Returns:
        Batches of flat input leaves, and the notice that says what they are.
    """
    generator = torch.Generator().manual_seed(seed)
    reference = placement_of(raised)

    def draw(count: int) -> tuple[Tensor, ...]:
        """The same numbers on every device and in every precision."""
        leaves = draw_inputs(raised.graph, shapes, count, generator)
        return tuple(x.to(reference if x.is_floating_point() else reference.device) for x in leaves)

    per_image = operations(raised, draw(2)) / 2
    trained = [m for m in raised.modules() if isinstance(m, NORMS) and has_statistics(m)]
    real = [bound is None for bound in bounds_of(raised.graph)]
    if not all(real):
        count = int(max(4, min(GAUSSIAN, BUDGET // (4 * per_image))))
        what = "random inputs, whole numbers among them" if any(real) else "random inputs of whole numbers"
        return in_batches(draw(count)), f"calibrated on {count} {what}; {BETTER}"
    if not trained or per_image * BACKWARD * STEPS * 4 > BUDGET:
        count = int(max(4, min(GAUSSIAN, BUDGET // (4 * per_image))))
        batch = draw(count)
        why = "no BatchNorm statistics to match" if not trained else "too large to optimise images for"
        return in_batches(batch), f"calibrated on {count} Gaussian inputs ({why}); {BETTER}"
    count = int(max(4, min(IMAGES, BUDGET // (per_image * BACKWARD * STEPS))))
    start = draw(count)
    found, apart = match_statistics(raised, start, trained)
    if not apart <= MET:
        notice = (
            f"calibrated on {count} Gaussian inputs, and {count} optimised to meet the BatchNorm statistics, "
            f"which they do not (off by {apart:.0%} of the variance): thresholds may not fit; {BETTER}"
        )
        return in_batches(start) + in_batches(found), notice
    notice = f"calibrated on {count} synthetic inputs that meet the BatchNorm statistics; {BETTER}"
    return in_batches(found), notice


def in_batches(leaves: tuple[Tensor, ...]) -> list[tuple[Tensor, ...]]:
    """The same samples in small batches, so that calibration needs little memory."""
    return list(zip(*(leaf.split(BATCH) for leaf in leaves)))


def operations(raised: fx.GraphModule, inputs: tuple[Tensor, ...]) -> float:
    """Floating-point operations of one forward pass: counted, not timed, so results do not depend on the machine."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        raised(*as_call(raised, inputs))
    return max(1.0, float(counter.get_total_flops()))


def has_statistics(norm: nn.Module) -> bool:
    """Whether running statistics are there and are not those of an untrained layer."""
    assert isinstance(norm, NORMS)
    if norm.running_mean is None or norm.running_var is None:
        return False
    return bool((norm.running_mean != 0).any() or (norm.running_var != 1).any())


def match_statistics(
    raised: fx.GraphModule, start: tuple[Tensor, ...], norms: Sequence[nn.Module]
) -> tuple[tuple[Tensor, ...], float]:
    """Adam on the inputs; the network's parameters stay as they are.

    Returns:
        The inputs, and how far they were from the statistics before the last step: the loss of a layer over its mean
        variance, on average over the layers.
    """
    losses: list[Tensor] = []
    relative: list[Tensor] = []

    def hook(norm: Any) -> Callable[..., None]:
        mean, deviation = norm.running_mean, (norm.running_var + norm.eps).sqrt()

        def measure(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
            channels = args[0].transpose(0, 1).flatten(1)
            spread = (channels.var(1, unbiased=False) + norm.eps).sqrt()
            loss = ((channels.mean(1) - mean) ** 2).mean() + ((spread - deviation) ** 2).mean()
            losses.append(loss)
            relative.append(loss.detach() / (deviation**2).mean())

        return measure

    frozen = [(parameter, parameter.requires_grad) for parameter in raised.parameters()]
    handles = [norm.register_forward_pre_hook(hook(norm)) for norm in norms]
    images = [x.clone().requires_grad_() for x in start]
    optimizer = torch.optim.Adam(images, LEARNING_RATE)
    try:
        for parameter, _ in frozen:
            parameter.requires_grad_(False)
        for _ in track(range(STEPS), "matching BatchNorm statistics"):
            losses.clear()
            relative.clear()
            optimizer.zero_grad()
            with torch.enable_grad():
                raised(*as_call(raised, tuple(images)))
                torch.stack(losses).sum().backward()
            optimizer.step()
    finally:
        for handle in handles:
            handle.remove()
        for parameter, flag in frozen:
            parameter.requires_grad_(flag)
    return tuple(x.detach() for x in images), float(torch.stack(relative).mean())
