"""Pictures of a diagnosis: all panels in one figure, and each panel alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .caption import caption
from .rates import site_axis
from .style import AMBER, BLACK, BLUE, GREEN, ORANGE, WIDTH, picture, title_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._diagnose import Diagnosis

# Stacked from below; what the layers before brought in is not the site's own doing, and is grey.
COLOURS = {"inherited": "#B0B0B0", "clipping": ORANGE, "quantisation": BLUE, "unevenness": AMBER}
BAR = 0.8


def plot_diagnosis(diagnosis: Diagnosis, path: Path) -> None:
    """SpikingLayer, silence and saturation, activation bias and the error split, over the sites in execution order."""
    panels = (firing_rate, silence, activation_bias, error_split)
    with picture(path, WIDTH, 10.0) as figure:
        rows = figure.subplots(len(panels), 1, sharex=True, height_ratios=(1, 1, 1, 1.4))
        for axes, panel in zip(rows, panels):
            panel(axes, diagnosis)
        name_sites(rows[-1], diagnosis)
        title_above(figure, caption(diagnosis, diagnosis.T))


def plot_firing_rate(diagnosis: Diagnosis, path: Path) -> None:
    """Spikes per neuron and step at every site, negative ones apart."""
    alone(firing_rate, diagnosis, path)


def plot_activation_bias(diagnosis: Diagnosis, path: Path) -> None:
    """Mean |φ − a| at every site (You et al., IEEE TCDS 2024, Fig. 1)."""
    alone(activation_bias, diagnosis, path)


def plot_error_split(diagnosis: Diagnosis, path: Path) -> None:
    """The mean sizes of the four parts of the error at every site, in units of its mean activation."""
    alone(error_split, diagnosis, path)


def alone(panel: Callable[[Axes, Diagnosis], None], diagnosis: Diagnosis, path: Path) -> None:
    with picture(path, WIDTH, 4.2) as figure:
        axes = figure.subplots()
        panel(axes, diagnosis)
        name_sites(axes, diagnosis)


def firing_rate(axes: Axes, diagnosis: Diagnosis) -> None:
    negative = [site.firing_rate * site.negative / 100 for site in diagnosis.sites]
    positive = [site.firing_rate - part for site, part in zip(diagnosis.sites, negative)]
    axes.bar(places(diagnosis), positive, BAR, color=BLUE, label="positive spikes")
    if any(negative):
        axes.bar(places(diagnosis), negative, BAR, bottom=positive, color=ORANGE, label="negative spikes")
    entitle(axes, "Firing rate", ylabel="spikes per\nneuron and step", ylim=(0, None))


def silence(axes: Axes, diagnosis: Diagnosis) -> None:
    marks = {"silent": (BLUE, "o", "silent"), "dead": (BLACK, "s", "silent for all samples"),
             "saturated": (ORANGE, "^", "steps at β spikes")}  # fmt: skip
    for name, (colour, mark, label) in marks.items():
        shares = [getattr(site, name) for site in diagnosis.sites]
        axes.plot(
            places(diagnosis),
            shares,
            color=colour,
            marker=mark,
            markersize=4.5,
            linewidth=1.0,
            clip_on=False,
            label=label,
        )
    entitle(axes, "Silence, saturation", ylabel="share (%)", ylim=(0, 100))


def activation_bias(axes: Axes, diagnosis: Diagnosis) -> None:
    axes.bar(places(diagnosis), [site.bias for site in diagnosis.sites], BAR, color=GREEN)
    entitle(axes, "Activation bias", ylabel="mean |φ − a|\n(activation's unit)", ylim=(0, None))


def error_split(axes: Axes, diagnosis: Diagnosis) -> None:
    """Parts of opposite sign cancel, so that a stack is at least as high as the error itself, the mark."""
    bottom = [0.0] * len(diagnosis.sites)
    for part, colour in COLOURS.items():
        heights = [site.relative(site.absolute[part]) or 0.0 for site in diagnosis.sites]
        axes.bar(places(diagnosis), heights, BAR, bottom=bottom, color=colour, label=part)
        bottom = [low + height for low, height in zip(bottom, heights)]
    biases = [site.relative_bias or 0.0 for site in diagnosis.sites]
    axes.plot(places(diagnosis), biases, color=BLACK, marker="_", linestyle="none", markersize=9, label="total")
    entitle(axes, "Error split", ylabel="mean size (% of\nmean activation)", ylim=(0, None))


def entitle(axes: Axes, title: str, **labels: Any) -> None:
    """The title at the left; beside it, where no bar can run into them, what the colours mean."""
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set(**labels)
    if len(names := axes.get_legend_handles_labels()[1]) > 1:
        place = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.97), "borderaxespad": 0.0}
        axes.legend(ncols=len(names), columnspacing=0.9, handletextpad=0.4, handlelength=1.0, **place)


def name_sites(axes: Axes, diagnosis: Diagnosis) -> None:
    site_axis(axes, [site.site for site in diagnosis.sites])


def places(diagnosis: Diagnosis) -> range:
    return range(len(diagnosis.sites))
