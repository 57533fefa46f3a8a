"""How far an exported network is from the one it was made of."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from .caption import caption
from .style import BLUE, picture, step_axis

if TYPE_CHECKING:
    from ..export import Export

COLUMNS = 56
LEAST = 1e-9  # what is drawn for none


def plot_export(result: Export, path: Path) -> None:
    """The relative error of the mean output against time steps."""
    with picture(path, 5.0, 4.0) as figure:
        axes = figure.subplots()
        steps = list(range(1, result.T + 1))
        axes.plot(steps, [max(error, LEAST) for error in result.errors], color=BLUE, marker="o")
        axes.set_yscale("log")
        axes.set_ylim(LEAST / 2, 1)
        axes.set_ylabel("relative error of the mean output")
        axes.yaxis.set_major_formatter(lambda error, _: f"{error:.0e}")  # names may hold $: no mathematics in pictures
        told = result.verdict.partition(" (")[0]
        axes.set_title(textwrap.fill(f"{result.to}: {told}", COLUMNS), fontsize=10)
        if not any(result.errors):
            axes.text(0.5, 0.5, "no difference at any step", ha="center", transform=axes.transAxes)
        figure.suptitle(textwrap.fill(caption(result), COLUMNS), fontsize=10)
        step_axis(axes, steps)
