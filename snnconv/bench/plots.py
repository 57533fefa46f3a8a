"""The pictures of a sweep. Colours are safe for the colour-blind, marks differ by shape too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ..io import atomic_output

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .sweep import Sweep

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"  # Okabe & Ito 2008
MOST_TICKS = 8
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "snnconv",  # same input, same file
}


def plot_sweep(sweep: Sweep, path: Path) -> None:
    """Two panels over time steps: accuracy with the ANN as a dashed line, and spikes per neuron."""
    steps = [row.T for row in sweep.rows]
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(7.0, 3.0), layout="constrained")
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
        with atomic_output(path, overwrite=True) as temporary:
            figure.savefig(temporary, dpi=200, format=path.suffix.lstrip("."), metadata=undated(path))


def step_axis(axes: Axes, steps: list[int]) -> None:
    """Time steps on a logarithmic axis with a tick at each, thinned where they would overlap."""
    axes.set_xscale("log", base=2)
    powers = [t for t in steps if t & (t - 1) == 0]
    every = -(-len(steps) // MOST_TICKS)
    shown = powers if every > 1 and len(powers) > 2 else steps[::every]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(t) for t in shown])
    axes.set_xlabel("time steps T")


def describe(sweep: Sweep) -> str:
    """Method and its options in one line."""
    settings = sweep.settings
    names = {"alpha": "α", "beta": "β"}
    options = [f"{names[key]}={settings[key]:g}" for key in names if key in settings]
    return " ".join([f"method {settings.get('method', '?')}", *options])


def undated(path: Path) -> dict[str, Any] | None:
    """An SVG otherwise holds the time it was drawn, and two equal runs differ."""
    return {"Date": None} if path.suffix == ".svg" else None
