"""Confidence intervals of 95 %: of a proportion, of the difference of two on the same samples, and of anything else."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # of 95 %, two-sided
DRAWS, SEED = 1000, 0


class Interval(NamedTuple):
    low: float
    high: float


def wilson(hits: int, count: int) -> Interval:
    """Of the proportion hits/count. Source: Wilson 1927."""
    p, z2 = hits / count, Z * Z
    centre, half = p + z2 / (2 * count), Z * sqrt(p * (1 - p) / count + z2 / (4 * count * count))
    low, high = (centre - half) / (1 + z2 / count), (centre + half) / (1 + z2 / count)
    return Interval(0.0 if hits == 0 else low, 1.0 if hits == count else high)


def paired_difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Interval:
    """Of p₁ − p₂, two proportions on the same samples.

    Source: Newcombe 1998 ("Improved confidence intervals for the difference between binomial proportions based on
    paired data"), method 10: Wilson's limits of both, and their correlation φ corrected for continuity.
    """
    n = len(first)
    a, d = int((first & second).sum()), int((~first & ~second).sum())
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    one, two = wilson(a + b, n), wilson(a + c, n)
    p1, p2 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    excess = a * d - b * c
    excess = max(0.0, excess - n / 2) if excess > 0 else excess
    phi = excess / sqrt(margins) if margins else 0.0

    def reach(mine: float, yours: float) -> float:
        return sqrt(max(0.0, mine * mine - 2 * phi * mine * yours + yours * yours))

    return Interval(p1 - p2 - reach(p1 - one.low, two.high - p2), p1 - p2 + reach(one.high - p1, p2 - two.low))


def bootstrap(value: Callable[[NDArray[np.intp]], float], count: int) -> Interval:
    """Of a function of which samples are taken: percentiles over 1,000 draws with replacement, always the same ones.

    Source: Efron 1979. Samples are drawn, so that a difference of two functions of the same draw is paired.
    """
    drawn = np.random.default_rng(SEED)
    values = [value(drawn.integers(0, count, count)) for _ in range(DRAWS)]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))
