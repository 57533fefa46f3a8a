"""The picture of a latency measurement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .caption import caption
from .style import BLUE, GREEN, GREY, ORANGE, WIDTH, ann_line, legend_below, picture, step_axis, title_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._latency import Latency

SHOWN = 12.0  # points below the ANN: further down, the band and the last steps could not be told apart


def plot_latency(latency: Latency, path: Path) -> None:
    """Two panels over time steps: accuracy near the ANN's, and the whole curve with early exit beside it."""
    with picture(path, WIDTH, 3.7) as figure:
        left, right = figure.subplots(1, 2)
        accuracy(left, latency)
        early_exit(right, latency)
        for axes in (left, right):
            ann_line(axes, latency.ann_accuracy, "ANN")
            step_axis(axes, [row.latency for row in latency.rows])
        right.set_xlabel("mean time steps of a sample")
        if latency.warm_up:
            left.set_xlabel(f"time steps T, {latency.warm_up} of warm-up counted")
        left.set(ylabel="top-1 accuracy (%)", ylim=limits(latency))
        entries = {label: line for axes in (left, right) for line, label in zip(*axes.get_legend_handles_labels())}
        legend_below(figure, list(entries.values()), list(entries))
        title_above(figure, caption(latency))


def accuracy(axes: Axes, latency: Latency) -> None:
    low = latency.ann_accuracy - latency.within
    axes.axhspan(low, latency.ann_accuracy, color=GREY, alpha=0.2, linewidth=0, label=f"within {latency.within:g}")
    fixed(axes, latency)
    found = next((row for row in latency.rows if row.latency == latency.needed), None)
    if found is not None:
        axes.plot(found.latency, found.accuracy, color=ORANGE, marker="*", markersize=13, linestyle="none",
                  label=f"T = {found.latency}: {found.accuracy:.2f} %", zorder=4)  # fmt: skip
    axes.set_title("Fixed time steps")


def early_exit(axes: Axes, latency: Latency) -> None:
    fixed(axes, latency)
    exits = latency.exits
    axes.plot(
        [row.latency for row in exits], [row.accuracy for row in exits], color=GREEN, marker="D", label="early exit"
    )
    axes.set_title("Early exit")


def fixed(axes: Axes, latency: Latency) -> None:
    steps, values = [row.latency for row in latency.rows], [row.accuracy for row in latency.rows]
    axes.plot(steps, values, color=BLUE, marker="o", markersize=3.5, label="SNN, fixed T")


def limits(latency: Latency) -> tuple[float, float]:
    """The ends of the accuracy axis beside the band."""
    values = [row.accuracy for row in latency.rows]
    high = max(*values, latency.ann_accuracy)
    low = max(min(*values, latency.ann_accuracy - latency.within), high - max(SHOWN, 4 * latency.within))
    margin = 0.06 * max(high - low, 0.5)
    return low - margin, high + margin
