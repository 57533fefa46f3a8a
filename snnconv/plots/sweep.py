"""The picture of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .curves import curves_of, judged_by, measured_on, steps_of
from .style import WIDTH, ann_line, legend_below, picture, series, step_axis, title_above

if TYPE_CHECKING:
    from ..bench.curves import Row, Sweep


FEW = 4  # curves that have room for bands
ERRORS = 6 / 3.92  # widths of a 95 % interval in 6 standard errors, which an axis shows at least: noise stays small


def at_least(axes: Any, rows: list[Row]) -> None:
    """Let the axis span ± 3 standard errors or more."""
    if rows:
        span = ERRORS * max((row.accuracy_high or 0) - (row.accuracy_low or 0) for row in rows)
        low, high = axes.get_ylim()
        if high - low < span:
            middle = (low + high) / 2
            axes.set_ylim(middle - span / 2, middle + span / 2)


def plot_sweep(sweep: Sweep, path: Path) -> None:
    """Two panels over time steps: accuracy with the ANN as a dashed line, and spikes per neuron; one line a setting."""
    curves = curves_of(sweep)
    with picture(path, WIDTH, 2.9) as figure:
        left, right = figure.subplots(1, 2)
        ann_line(left, sweep.ann_accuracy, f"ANN {sweep.ann_accuracy:.2f} %")
        for number, (curve, rows) in enumerate(curves):
            steps, look = [row.T for row in rows], series(number)
            label = curve.setting if len(curves) > 1 else "SNN"
            left.plot(steps, [row.accuracy for row in rows], label=label, **look)
            ends = [(row.accuracy_low, row.accuracy_high) for row in rows]
            if len(curves) <= FEW and all(low is not None for low, _ in ends):
                told = "95 % interval" if len(curves) == 1 else None
                left.fill_between(steps, *zip(*ends), color=look["color"], alpha=0.15, linewidth=0, label=told)
            right.plot(steps, [row.spikes_per_neuron for row in rows], **look)
        left.set(title="Accuracy" if sweep.metric == "top1" else sweep.metric.capitalize(), ylabel=judged_by(sweep))
        at_least(left, [row for row in sweep.rows if row.accuracy_low is not None])
        right.set(title="Activity", ylabel="spikes per neuron", ylim=(0, None))
        for axes in (left, right):
            step_axis(axes, steps_of(sweep))
        legend_below(figure, *left.get_legend_handles_labels())
        only = f"{curves[0][0].setting} — " if len(curves) == 1 else ""
        title_above(figure, f"{only}{measured_on(sweep)}")
