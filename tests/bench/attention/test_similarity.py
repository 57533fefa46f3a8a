"""Both measures of similarity by hand."""

from __future__ import annotations

import numpy as np
import pytest

from snnconv.bench._attention.similarity import correlation, hottest, overlap


def test_correlation_by_hand() -> None:
    """Deviations (−1, 0, 1) and (−1, 1, 0): r = 1/2."""
    reference = np.array([[0.0, 1.0, 2.0]])
    assert correlation(reference, np.array([[1.0, 3.0, 2.0]])) == pytest.approx(0.5)
    assert correlation(reference, 7 * reference + 3) == pytest.approx(1)
    assert correlation(reference, np.zeros((1, 3))) == 0  # a network that does not fire shows nothing of it
    assert correlation(np.full((1, 3), 0.1), reference) is None


def test_overlap_by_hand() -> None:
    """The hottest fifth of ten positions are two."""
    reference = np.arange(10.0).reshape(2, 5)
    assert hottest(reference, 0.2).sum() == 2
    assert overlap(reference, reference**2) == 1
    shifted = np.roll(reference.ravel(), 1).reshape(2, 5)  # its two hottest are the 10th and the 1st position
    assert overlap(reference, shifted) == pytest.approx(1 / 3)
    assert overlap(reference, np.zeros((2, 5))) == 0
    assert overlap(np.zeros((2, 5)), reference) is None
