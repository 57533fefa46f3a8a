"""The picture of a run over model zoos: how every network's error falls with time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, NullFormatter

from .style import BLUE, GREY, ORANGE, WIDTH, legend_below, picture, step_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..coverage import Coverage

GROUPS = ((True, BLUE, "ReLU family, nothing analog"), (False, ORANGE, "others"))


def plot_coverage(result: Coverage, path: Path) -> None:
    """Relative error of every network against time steps, both logarithmic, and the limits at the last step."""
    with picture(path, WIDTH, 4.2) as figure:
        axes = figure.subplots()
        steps = sorted({T for network in result.networks for T in network.snn_error})
        for relu, colour, words in GROUPS:
            draw(axes, result, relu, colour, words)
        if steps:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.tick_params(axis="y", which="minor", color=GREY)
            step_axis(axes, steps)
            legend_below(figure, *axes.get_legend_handles_labels())
        else:
            axes.text(0.5, 0.5, "nothing was run", ha="center", transform=axes.transAxes)
        axes.set_ylabel("error of the output (%)")
        axes.set_title(f"{len(result.networks)} networks of model zoos, random weights; ▾ the limits")


def draw(axes: Axes, result: Coverage, relu: bool, colour: str, words: str) -> None:
    """The curves of one group, labelled once, and the mark of its limit."""
    label: str | None = words
    for network in result.networks:
        errors = {T: 100 * error for T, error in network.snn_error.items() if error}
        if network.relu is relu and errors:
            axes.plot(list(errors), list(errors.values()), color=colour, linewidth=0.8, alpha=0.6, label=label)
            label = None
            if network.limit is not None:
                axes.plot(result.T, 100 * network.limit, marker="v", color=colour, markersize=8, zorder=3)
