"""Whether the spiking network's error falls as time goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from ..network import Run, SpikingNetwork
from .distance import error_or_inf
from .result import Check

QUARTER = 4
FALL = 0.5  # of the error, at most, is left after four times the time; a quarter where it falls as 1/T
FURTHER = 4  # times T is how long a network runs whose error has not fallen by then


def measured_steps(T: int) -> list[int]:
    """1, 2, 4, … and T itself."""
    return [*(2**k for k in range(T.bit_length()) if 2**k < T), T]


def at_step(means: Any, t: int) -> Any:
    return pytree.tree_map(lambda leaf: leaf[t - 1] if isinstance(leaf, Tensor) and leaf.dim() else leaf, means)


def errors_of(means: Any, wanted: Any, T: int) -> list[float]:
    """The relative L2 error of the mean of the first t steps, for t = 1 … T.

    Args:
        means: `Run.logits`, running means [T, B, …], or a tree of such. wanted: what they tend to, [B, …].
    """
    return [error_or_inf(at_step(means, t), wanted) for t in range(1, T + 1)]


def run_further(snn: SpikingNetwork, arguments: tuple[Any, ...], run: Run, steps: int, more: int) -> tuple[Any, Run]:
    """The means of steps + 1, … steps + `more` steps, and the run that goes on from them."""
    onward = snn.run(arguments, more, state=run.state, count=False)

    def joined(before: Any, after: Any) -> Any:
        if not isinstance(before, Tensor) or not before.dim():
            return after
        counts = torch.arange(1, more + 1, device=after.device).view(-1, *[1] * (after.dim() - 1))
        return (before[-1] * steps + after * counts) / (steps + counts)

    return pytree.tree_map(joined, run.logits, onward.logits), onward


def slope_of(errors: Mapping[int, float]) -> float | None:
    """Of the least-squares line of log₂(error) over log₂(T); errors of 0 or NaN are left out."""
    points = [(math.log2(t), math.log2(error)) for t, error in errors.items() if 0 < error < math.inf]
    if len(points) < 2:
        return None
    x, y = np.array(points).T
    return float(np.polyfit(x, y, 1)[0])


def late_and_early(errors: Sequence[float]) -> tuple[float, float]:
    """Root mean square of the errors of the steps T/2 < t ≤ T, and of those of a quarter of the time."""
    T = len(errors)
    late, early = errors[T // 2 :], errors[T // (2 * QUARTER) : T // QUARTER]
    return root_mean_square(late), root_mean_square(early)


def root_mean_square(errors: Sequence[float]) -> float:
    return math.sqrt(math.fsum(error * error for error in errors) / len(errors))


def has_fallen(errors: Sequence[float], floor: float) -> bool:
    """Whether the error is clearly on its way to 0, or there.

    A single step does not tell: the error of one may be small by chance, as where T times a value happens to be whole.
    """
    late, early = late_and_early(errors)
    return math.isfinite(late) and (late <= floor or late <= FALL * early)


def convergence_check(errors: Sequence[float], floor: float) -> Check:
    """The error over the last half of the time is at most half of that around a quarter of it: a slope of −½."""
    T = len(errors)
    late, early = late_and_early(errors)
    slope = f", slope {math.log2(late / early) / 2:+.2f}" if 0 < late < math.inf and 0 < early < math.inf else ""
    return Check(
        "convergence",
        has_fallen(errors, floor),
        f"an error that at least halves as the time grows fourfold (slope −0.5; 1/T is −1), or is at most {floor:g}",
        f"{percent(early)} around T = {T // QUARTER}, {percent(late)} around T = {T}{slope}",
    )


def percent(error: float) -> str:
    return f"{100 * error:.3g} %"
