"""How often the neurons of every layer fire."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .curves import curves_of
from .style import WIDTH, legend_below, picture, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._sweep import Sweep

MOST_NAMES = 24


def plot_rates(sweep: Sweep, path: Path) -> None:
    """Spikes per neuron and step at the longest T, over the sites in execution order; one line a setting."""
    curves = curves_of(sweep)
    sites = list(dict.fromkeys(site for curve, _ in curves for site in curve.site_rates))
    with picture(path, WIDTH, 3.7) as figure:
        axes = figure.subplots()
        for number, (curve, _) in enumerate(curves):
            places = [place for place, site in enumerate(sites) if site in curve.site_rates]
            axes.plot(places, [curve.site_rates[sites[p]] for p in places], label=curve.setting, **series(number))
        axes.set(ylabel="spikes per neuron and step", ylim=(0, None))
        site_axis(axes, sites)
        legend_below(figure, *axes.get_legend_handles_labels())


def site_axis(axes: Axes, sites: list[str], most: int = MOST_NAMES) -> None:
    """The names of the sites, upright; of a deep network every second, third, …, so that there are `most`."""
    every = -(-len(sites) // most)
    shown = range(0, len(sites), every)
    axes.set_xticks(list(shown), [short(sites[place]) for place in shown], rotation=90)
    axes.set_xlim(-0.5, len(sites) - 0.5)
    axes.grid(axis="x", alpha=0.15)


def short(site: str, most: int = 22) -> str:
    """The end of a long name tells more than its beginning."""
    return site if len(site) <= most else "…" + site[1 - most :]
