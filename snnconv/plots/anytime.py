"""The picture of a network over video: accuracy against frames, and the firing rate and time constant of its layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from ..bench._anytime.measure import counted
from .caption import data_name
from .rates import site_axis
from .style import BLUE, GREEN, GREY, ORANGE, PURPLE, WIDTH, legend_below, picture, title_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._anytime import Anytime, LayerRate

PANEL, NAMES = 2.6, 0.8  # inches
MOST_LAYERS = 40  # names of 10 pt side by side over the width


def plot_anytime(anytime: Anytime, path: Path) -> None:
    """Accuracy above; below it, where there are spiking layers, their rates, and time constants that were learned."""
    learned = any(layer.learned for layer in anytime.layers)
    panels = 1 + bool(anytime.layers) + learned
    with picture(path, WIDTH, PANEL * panels + NAMES * (panels > 1) + 0.3) as figure:
        axes = figure.subplots(panels, 1, squeeze=False)[:, 0]
        accuracy(axes[0], anytime)
        if panels > 1:
            rates(axes[1], anytime.layers)
        if learned:
            constants(axes[2], anytime.layers)
        if panels > 1:
            site_axis(axes[-1], [layer.title for layer in anytime.layers], MOST_LAYERS)
        figure.align_ylabels(axes)
        legend_below(figure, *axes[0].get_legend_handles_labels())
        title_above(figure, f"{anytime.samples:,} clips of {data_name(anytime.data)}")


def accuracy(axes: Axes, anytime: Anytime) -> None:
    whole = anytime.rows[-1].accuracy
    axes.axhspan(
        whole - anytime.within,
        whole,
        color=GREY,
        alpha=0.2,
        linewidth=0,
        label=f"within {anytime.within:g} of the whole clip",
    )
    frames, values = [row.frames for row in anytime.rows], [row.accuracy for row in anytime.rows]
    axes.plot(frames, values, color=BLUE, marker="o", markersize=3.5, label="first frames of every clip")
    found = [exit.latency for exit in anytime.exits], [exit.accuracy for exit in anytime.exits]
    axes.plot(*found, color=GREEN, marker="D", label="early exit")
    needed = next(row for row in anytime.rows if row.frames == anytime.needed)
    axes.plot(needed.frames, needed.accuracy, color=ORANGE, marker="*", markersize=13, linestyle="none", zorder=4,
              label=f"{counted(needed.frames)}: {needed.accuracy:.2f} %")  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set(xlabel="frames seen of a clip", ylabel="top-1 accuracy (%)", xlim=(0, frames[-1] * 1.03))


def rates(axes: Axes, layers: list[LayerRate]) -> None:
    axes.bar(range(len(layers)), [layer.rate for layer in layers], color=BLUE, width=0.7)
    axes.set(ylabel="firing rate (%)", xticks=[], xlim=(-0.5, len(layers) - 0.5))


def constants(axes: Axes, layers: list[LayerRate]) -> None:
    axes.plot([layer.tau for layer in layers], color=PURPLE, marker="s", linestyle="none")
    axes.set(ylabel="time constant τ (steps)")
