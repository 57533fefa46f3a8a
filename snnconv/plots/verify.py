"""The picture of a verification: how the error falls with time."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from .caption import caption
from .style import BLUE, ORANGE, legend_below, picture, plain_ticks, step_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..verification import Verification

COLUMNS = 56  # characters of 10 pt that fit in a line above the picture


def plot_verification(verification: Verification, path: Path) -> None:
    """Relative error against time steps, both logarithmic, with a line that falls as 1/T."""
    with picture(path, 5.0, 4.0) as figure:
        axes = figure.subplots()
        drawn = {t: 100 * error for t, error in verification.snn_error.items() if 0 < error < math.inf}
        if drawn:
            curve(axes, drawn, verification.slope)
            legend_below(figure, *axes.get_legend_handles_labels())
        else:
            axes.text(0.5, 0.5, "nothing was run" if not verification.snn_error else "no error above 0",
                      ha="center", transform=axes.transAxes)  # fmt: skip
        axes.set_ylabel("error of the output (%)")
        axes.set_title(textwrap.fill(verification.model, COLUMNS), fontsize=10)
        figure.suptitle(textwrap.fill(caption(verification), COLUMNS), fontsize=10)


def curve(axes: Axes, errors: dict[int, float], slope: float | None) -> None:
    steps = list(errors)
    label = "SNN" if slope is None else f"SNN, slope {slope:.2f}".replace("-", "−")
    axes.plot(steps, list(errors.values()), color=BLUE, marker="o", label=label)
    # through the middle of the curve: it shows the slope, not a bound
    level = math.exp(sum(math.log(error * t) for t, error in errors.items()) / len(errors))
    axes.plot(steps, [level / t for t in steps], color=ORANGE, linestyle="--", linewidth=1.2, label="1/T", zorder=1)
    axes.set_yscale("log")
    plain_ticks(axes.yaxis)
    step_axis(axes, steps)
