"""The picture of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .style import BLUE, GREY, ORANGE, picture, step_axis

if TYPE_CHECKING:
    from ..sweep import Sweep


def plot_sweep(sweep: Sweep, path: Path) -> None:
    """Two panels over time steps: accuracy with the ANN as a dashed line, and spikes per neuron."""
    steps = [row.T for row in sweep.rows]
    with picture(path, 7.0, 3.0) as figure:
        left, right = figure.subplots(1, 2)
        left.axhline(sweep.ann_accuracy, color=GREY, linestyle="--", label=f"ANN {sweep.ann_accuracy:.2f} %")
        left.plot(steps, [row.accuracy for row in sweep.rows], color=BLUE, marker="o", label="SNN")
        left.set(title="Accuracy", ylabel="top-1 accuracy (%)")
        left.legend(loc="lower right", frameon=False)
        right.plot(steps, [row.spikes_per_neuron for row in sweep.rows], color=ORANGE, marker="s")
        right.set(title="Activity", ylabel="spikes per neuron and sample", ylim=(0, None))
        for axes in (left, right):
            step_axis(axes, steps)
        figure.suptitle(f"{describe(sweep)} — {sweep.samples} samples of {Path(sweep.data).name}", fontsize=9)


def describe(sweep: Sweep) -> str:
    """Method and its options in one line."""
    settings = sweep.settings
    names = {"alpha": "α", "beta": "β"}
    options = [f"{names[key]}={settings[key]:g}" for key in names if key in settings]
    return " ".join([f"method {settings.get('method', '?')}", *options])
