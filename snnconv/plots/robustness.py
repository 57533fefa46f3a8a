"""The picture of a measurement of robustness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, FuncFormatter

from ..bench._robustness.noise import NOISES
from ..bench._robustness.result import CLEAN
from .caption import caption, data_name
from .style import GREY, WIDTH, legend_below, picture, series, title_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._robustness.result import Robustness

TITLES = {"gaussian": "Gaussian noise", "salt-pepper": "Salt-and-pepper noise"}
# The ANN, where it is beside, lies dashed on the other's line, which stays visible where the two coincide.
LOOKS = (series(0), {"color": GREY, "marker": "s", "markerfacecolor": "none", "linestyle": "--", "linewidth": 1.2})
MARGIN = 2.5  # points above and below


def plot_robustness(robustness: Robustness, path: Path) -> None:
    """Accuracy against the level of noise, 0 first: one panel a kind, one line a network."""
    kinds = robustness.kinds or list(NOISES)
    with picture(path, WIDTH, 3.4) as figure:
        panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
        for axes, kind in zip(panels, kinds):
            panel(axes, robustness, kind)
        panels[0].set_ylabel("top-1 accuracy (%)")
        panels[0].set_ylim(limits(robustness))
        handles, labels = panels[0].get_legend_handles_labels()
        legend_below(figure, handles, labels)
        title_above(figure, title(robustness))


def panel(axes: Axes, robustness: Robustness, kind: str) -> None:
    levels = [0.0, *sorted({row.level for row in robustness.rows if row.noise == kind})]
    for network, look in zip(robustness.networks, LOOKS):
        values = [robustness.accuracy(network, kind if level else CLEAN, level) for level in levels]
        axes.plot(levels, values, label=network, **look)
    axes.xaxis.set_major_locator(FixedLocator(shown(levels)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set(title=TITLES[kind], xlabel=NOISES[kind].level)


def shown(levels: list[float]) -> list[float]:
    """Those that have room for their number beside the one before."""
    kept: list[float] = []
    for level in levels:
        if not kept or level - kept[-1] >= 0.09 * levels[-1]:
            kept.append(level)
    return kept


def limits(robustness: Robustness) -> tuple[float, float]:
    values = [row.accuracy for row in robustness.rows]
    return max(min(values) - MARGIN, -1.0), min(max(values) + MARGIN, 101.0)


def title(robustness: Robustness) -> str:
    """How the network was converted, or which it is, and on what it was measured."""
    if robustness.settings:
        return caption(robustness, robustness.T)
    return f"{robustness.networks[0]} — {robustness.samples:,} samples of {data_name(robustness.data)}"
