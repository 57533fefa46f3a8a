"""The picture of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .curves import curves_of, measured_on, steps_of
from .style import WIDTH, ann_line, legend_below, picture, series, step_axis, title_above

if TYPE_CHECKING:
    from ..bench._sweep import Sweep


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
            right.plot(steps, [row.spikes_per_neuron for row in rows], **look)
        left.set(title="Accuracy", ylabel="top-1 accuracy (%)")
        right.set(title="Activity", ylabel="spikes per neuron", ylim=(0, None))
        for axes in (left, right):
            step_axis(axes, steps_of(sweep))
        legend_below(figure, *left.get_legend_handles_labels())
        only = f"{curves[0][0].setting} — " if len(curves) == 1 else ""
        title_above(figure, f"{only}{measured_on(sweep)}")
