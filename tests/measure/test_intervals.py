"""Intervals hold what they promise: by simulation, and against published and SciPy's figures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from snnconv.measure.intervals import Interval, bootstrap, paired_difference, wilson

DRAWS = 2000


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (10, 10), (81, 263), (4575, 5000), (1, 2)])
def test_wilson_is_that_of_scipy(hits: int, count: int) -> None:
    wanted = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits, count) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def outcomes(a: int, b: int, c: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.repeat([True, True, False, False], [a, b, c, d])
    return first, np.repeat([True, False, True, False], [a, b, c, d])


def test_a_paired_difference_is_the_published_one() -> None:
    """Newcombe 1998, method 10, of 36, 12, 2 and 0 pairs."""
    assert paired_difference(*outcomes(36, 12, 2, 0)) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def share_covered(intervals: list[Interval], truth: float) -> float:
    return sum(low <= truth <= high for low, high in intervals) / len(intervals)


def test_95_of_100_intervals_hold_the_truth() -> None:
    """Over 2,000 draws of 500 samples: of a proportion, and of a difference of two that mostly agree."""
    drawn = np.random.default_rng(1)
    right = drawn.random((DRAWS, 500)) < 0.9
    other = np.where(drawn.random((DRAWS, 500)) < 0.08, ~right, right)  # p₂ = 0.9·0.92 + 0.1·0.08
    assert 0.93 <= share_covered([wilson(int(row.sum()), 500) for row in right], 0.9) <= 0.97
    pairs = [paired_difference(one, two) for one, two in zip(right, other)]
    assert 0.93 <= share_covered(pairs, 0.9 - (0.9 * 0.92 + 0.1 * 0.08)) <= 0.97


@pytest.mark.slow
def test_95_of_100_bootstraps_hold_the_truth() -> None:
    drawn = np.random.default_rng(2)
    samples = drawn.exponential(size=(DRAWS, 300))
    found = [bootstrap(lambda chosen, row=row: float(row[chosen].mean()), 300) for row in samples]
    assert 0.93 <= share_covered(found, 1.0) <= 0.97


def test_pairs_tell_more_than_two_intervals() -> None:
    first, second = outcomes(880, 5, 5, 110)
    low, high = paired_difference(first, second)
    assert high - low < 0.02 < wilson(885, 1000).high - wilson(885, 1000).low
    assert paired_difference(second, first) == pytest.approx((-high, -low))
