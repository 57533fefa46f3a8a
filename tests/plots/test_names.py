"""Names in pictures: they cover neither each other nor a mark."""

from __future__ import annotations

from itertools import combinations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from snnconv.plots.names import place_names


def panel() -> Axes:
    figure = Figure(figsize=(3.5, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", xlim=(0.1, 100), ylim=(85, 95))
    figure.draw_without_rendering()
    return axes


def overlaps(texts: list[Annotation]) -> int:
    return sum(a.get_window_extent().overlaps(b.get_window_extent()) for a, b in combinations(texts, 2))


@pytest.mark.parametrize("apart", [1.0, 1.3, 2.0, 4.0, 30.0])
@pytest.mark.parametrize("height", [85.2, 90.0, 94.8])
def test_names_of_neighbours_do_not_overlap(apart: float, height: float) -> None:
    """Points at one height that lie on each other, beside each other or far apart, also at the panel's edges."""
    axes = panel()
    points = [(0.5, height), (0.5 * apart, height), (80.0, height)]
    texts = place_names(axes, list(zip(("ANN W4A4", "ANN W8A8", "ANN FP32"), points)), points, [])
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    assert overlaps(texts) == 0
    frame = axes.get_window_extent()
    for text in texts:
        box = text.get_window_extent()
        assert (box.min >= frame.min).all()
        assert (box.max <= frame.max).all()
        for point in points:
            assert not box.contains(*axes.transData.transform(point))


def test_a_free_place_above_is_the_first_choice() -> None:
    (text,) = place_names(panel(), [("ANN", (3.0, 90.0))], [(3.0, 90.0)], [])
    assert (text.xyann, text.get_va()) == ((0, 8), "bottom")


def test_it_keeps_off_curves() -> None:
    """A curve that runs just above the point: the name goes below."""
    curve = [(0.1, 90.6), (100.0, 90.6)]
    (text,) = place_names(panel(), [("ANN", (3.0, 90.0))], [(3.0, 90.0)], [curve])
    assert text.get_va() == "top"


def test_no_names() -> None:
    assert place_names(panel(), [], [], [[]]) == []
