"""Whether the spiking network's error falls as time goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils import _pytree as pytree

from .distance import relative_error
from .result import Check

FLOOR = 1e-4  # relative errors below it are as good as none: they need not fall further
QUARTER = 4


def measured_steps(T: int) -> list[int]:
    """1, 2, 4, … and T itself."""
    return [*(2**k for k in range(T.bit_length()) if 2**k < T), T]


def errors_over_time(means: Any, wanted: Any, T: int) -> dict[int, float]:
    """{t: relative L2 error of the mean of t steps}.

    Args:
        means: `Run.logits`, running means [T, B, …], or a tree of such. wanted: the ANN's output [B, …].
    """
    return {t: relative_error(at_step(means, t), wanted) for t in measured_steps(T)}


def at_step(means: Any, t: int) -> Any:
    return pytree.tree_map(lambda leaf: leaf[t - 1] if isinstance(leaf, Tensor) and leaf.dim() else leaf, means)


def slope_of(errors: Mapping[int, float]) -> float | None:
    """Of the least-squares line of log₂(error) over log₂(T); errors of 0 or NaN are left out."""
    points = [(math.log2(t), math.log2(error)) for t, error in errors.items() if 0 < error < math.inf]
    if len(points) < 2:
        return None
    x, y = np.array(points).T
    return float(np.polyfit(x, y, 1)[0])


def convergence_check(errors: Mapping[int, float]) -> Check:
    """The last error is below the one at a quarter of the time, and the slope is negative."""
    last = max(errors)
    quarter = max(t for t in errors if QUARTER * t <= last)
    slope = slope_of(errors)
    converged = max(errors[last], errors[quarter]) <= FLOOR
    falls = errors[last] < errors[quarter] and slope is not None and slope < 0
    shown = f", slope {slope:+.2f}" if slope is not None else ""
    return Check(
        "convergence",
        converged or falls,
        f"an error at T = {last} below that at T = {quarter}, or both at most {FLOOR:g}, and a negative slope",
        f"{percent(errors[quarter])} at T = {quarter}, {percent(errors[last])} at T = {last}{shown}",
    )


def within_check(errors: Mapping[int, float], within: float) -> Check:
    last = max(errors)
    expected = f"an error of at most {percent(within)} at T = {last}"
    return Check("within", errors[last] <= within, expected, percent(errors[last]))


def percent(error: float) -> str:
    return f"{100 * error:.3g} %"
