"""The picture of a tuning: how near each candidate comes to the ANN at the same cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .style import BLUE, GREY, ORANGE, WIDTH, picture, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..tuning.result import Trial, Tuned

MOST = 14  # candidates that are shown, the nearest to the ANN
LINE = 0.27  # inches a candidate takes


def plot_tune(tuned: Tuned, path: Path) -> None:
    """Two panels over one list of candidates: agreement with the ANN, with its standard error, and divergence."""
    shown = tuned.ranked[:MOST]
    shown.sort(key=lambda trial: -trial.score.divergence)  # the nearest on top
    with picture(path, WIDTH, 1.5 + LINE * len(shown)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        for axes in (left, right):
            for place, trial in enumerate(shown):
                mark(axes, place, trial, axes is left)
            axes.set_ylim(-0.7, len(shown) - 0.3)
        left.set_yticks(range(len(shown)), [f"{trial.name}, T={trial.T}" for trial in shown])
        left.set_xlabel("agreement with the ANN (%)")
        right.set_xlabel("KL divergence (nats)")
        right.set_xscale("log")
        right.margins(x=0.15)
        plain_ticks(right.xaxis)
        samples = shown[0].score.samples
        figure.suptitle(f"at most {tuned.budget.words}; {samples:,} calibration samples", fontsize=11)


def mark(axes: Axes, place: int, trial: Trial, agreement: bool) -> None:
    colour, shape = (ORANGE, "*") if trial.chosen else (BLUE, "o")
    size = 12 if trial.chosen else 5.5
    if agreement:
        score = trial.score
        axes.errorbar(score.agreement, place, xerr=score.uncertainty, color=GREY, linewidth=1.2, capsize=2, zorder=2)
        axes.plot(score.agreement, place, shape, color=colour, markersize=size, zorder=3)
    else:
        axes.plot(trial.score.divergence, place, shape, color=colour, markersize=size, zorder=3)
