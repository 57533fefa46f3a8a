"""How alike two heat-maps are. Both measures ignore a map's scale."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]

TOP = 0.2  # of the area


def correlation(reference: Map, other: Map) -> float | None:
    """Pearson's r over the positions of two maps [H, W].

    0 where the other map is flat: it says nothing of the reference. None where the reference is: nothing to compare.
    """
    if is_flat(reference):
        return None
    return 0.0 if is_flat(other) else float(np.corrcoef(reference.ravel(), other.ravel())[0, 1])


def overlap(reference: Map, other: Map, share: float = TOP) -> float | None:
    """|A ∩ B| / |A ∪ B| of the areas where each map is hottest, `share` of the positions; None as in `correlation`."""
    first, second = hottest(reference, share), hottest(other, share)
    return None if not first.any() else float((first & second).sum() / (first | second).sum())


def hottest(values: Map, share: float) -> NDArray[np.bool_]:
    """The ⌈share·n⌉ largest values above 0 and what equals the smallest of these; fewer where fewer are above 0."""
    kept = math.ceil(share * values.size)
    return (values > 0) & (values >= np.partition(values, -kept, axis=None)[-kept])


def is_flat(values: Map) -> bool:
    """No contrast beyond rounding."""
    return bool(np.ptp(values) <= 1e-6 * np.abs(values).max())
