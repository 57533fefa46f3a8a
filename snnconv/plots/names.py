"""Names beside marks, where they cover neither each other nor a mark, and as little of the curves as can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

# Offsets from the mark in points, the best place first.
PLACES = (
    *((0, sign * far, "center", "bottom" if sign > 0 else "top") for far in (8, 22) for sign in (1, -1)),
    (10, 0, "left", "center"), (-10, 0, "right", "center"),
    *(
        (side * 7, sign * far, "left" if side > 0 else "right", "bottom" if sign > 0 else "top")
        for far in (7, 22) for side in (-1, 1) for sign in (1, -1)
    ),
    *((0, sign * far, "center", "bottom" if sign > 0 else "top") for far in (36, 50) for sign in (1, -1)),
)  # fmt: skip
MARK = 6.0  # points from the middle of a mark to its edge
ALONG = 12  # points of a curve's segment that are looked at
PAPER: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.8}


def place_names(
    axes: Axes,
    names: Sequence[tuple[str, tuple[float, float]]],
    marks: Sequence[tuple[float, float]],
    curves: Sequence[Sequence[tuple[float, float]]],
) -> list[Annotation]:
    """Write each name beside its point, one after the other, each at the best place that is left.

    The figure has to be laid out already (`figure.draw_without_rendering()`); names take no part in that.

    Args:
        names: with the points they belong to, in data coordinates. marks: all marks, named or not.
    """
    size = MARK * axes.figure.dpi / 72
    taken = [Bbox.from_extents(x - size, y - size, x + size, y + size) for x, y in pixels(axes, marks)]
    covered = np.concatenate([np.empty((0, 2)), *(along(pixels(axes, curve)) for curve in curves if len(curve))])
    placed: list[Annotation] = []
    for name, point in names:
        text = axes.annotate(
            name, point, (0, 0), textcoords="offset points", bbox=PAPER, fontsize=10, zorder=4, in_layout=False
        )

        def cost(place: tuple[float, float, str, str], text: Annotation = text) -> tuple[float, float]:
            box = put(text, place)
            clashes = sum(box.overlaps(other) for other in taken) + outside(box, axes.get_window_extent())
            inside = ((covered >= box.min) & (covered <= box.max)).all(1).sum()
            return clashes, inside

        taken.append(put(text, min(PLACES, key=cost)))
        placed.append(text)
    return placed


def put(text: Annotation, place: tuple[float, float, str, str]) -> Bbox:
    """The pixels it covers there."""
    x, y, horizontal, vertical = place
    text.xyann = (x, y)
    text.set(ha=horizontal, va=vertical)
    return text.get_window_extent()


def outside(box: Bbox, frame: Bbox) -> int:
    """How many sides of the frame it sticks out of."""
    return int(np.count_nonzero(box.min < frame.min) + np.count_nonzero(box.max > frame.max))


def pixels(axes: Axes, points: Sequence[tuple[float, float]]) -> np.ndarray:
    return axes.transData.transform(np.array(points, dtype=float).reshape(-1, 2))


def along(corners: np.ndarray) -> np.ndarray:
    """Points of a line through its corners."""
    return np.concatenate([corners, *(np.linspace(a, b, ALONG) for a, b in pairwise(corners))])
