"""The picture of a recipe's run: what was published, pale, and what was measured here."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from ..papers.library import find_recipe
from ..papers.measures.transfer import neuron_of
from .style import BLUE, GREY, WIDTH, ann_line, legend_below, picture, series, step_axis
from .transfer import plot_transfer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..papers.result import PaperRow, PaperRun

PALE = 0.35
LINE = 0.26  # inches for one row of a comparison
NAME = 40  # characters
CAPTION = 84


def plot_paper(run: PaperRun, path: Path) -> None:
    """Drawn as the recipe says: accuracies against T, one transfer function a row, or measured over published."""
    PICTURES[run.picture](run, path)


def plot_accuracy(run: PaperRun, path: Path) -> None:
    """One panel a group: published figures pale and dotted, measured ones in the same colour."""
    groups = list(dict.fromkeys(row.group for row in run.rows))
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    names = list(dict.fromkeys(row.name for row in run.rows))
    steps = [T for T in run.steps if T is not None]
    with picture(path, WIDTH, 0.8 + 2.5 * lines) as figure:
        panels = figure.subplots(lines, columns, squeeze=False)
        for axes, group in zip(panels.flat, groups):
            for row in (row for row in run.rows if row.group == group):
                draw_row(axes, run, row, names.index(row.name))
            anns = {row.measured[0] for row in run.rows if row.group == group and row.measured[0] is not None}
            for ann in anns if run.columns[0] == "ANN" else ():
                ann_line(axes, ann, "ANN")
            axes.set_title(f"figures published for {group}" if run.other else group)
            step_axis(axes, steps)
        for axes in panels.flat[len(groups) :]:
            axes.set_axis_off()
        for axes in panels[:, 0]:
            axes.set_ylabel("top-1 accuracy (%)")
        shown = {label: line for axes in panels.flat for line, label in zip(*axes.get_legend_handles_labels())}
        figure.suptitle(headline(run), fontsize=10)
        legend_below(figure, list(shown.values()), list(shown))


def draw_row(axes: Axes, run: PaperRun, row: PaperRow, number: int) -> None:
    """A row's two curves, as far as there are any, under one name."""
    label: str | None = row.name
    for figures, style in ((row.measured, {}), (row.published, {"alpha": PALE, "linestyle": ":", "markersize": 4})):
        points = [(T, y) for T, y in zip(run.steps, figures) if T is not None and y is not None]
        if points:
            axes.plot(*zip(*points), **{**series(number), **style}, label=label)
            label = None


def plot_ratio(run: PaperRun, path: Path) -> None:
    """A line for every figure that was both published and measured: how far the second is from the first, in %."""
    found: list[tuple[str, float]] = []
    for row in run.rows:
        for column, published, measured in zip(run.columns, row.published, row.measured):
            if published and measured is not None:
                name = " ".join(filter(None, (row.group, row.name, column)))
                found.append((name if len(name) <= NAME else f"{name[: NAME - 1]}…", 100 * (measured / published - 1)))
    with picture(path, WIDTH, 1.3 + LINE * max(1, len(found))) as figure:
        axes = figure.subplots()
        places = range(len(found), 0, -1)
        axes.axvline(0, color=GREY, linewidth=1.2)
        axes.plot([distance for _, distance in found], places, "o", color=BLUE)
        axes.set_yticks(list(places), [name for name, _ in found])
        axes.set_xlabel("measured − published (% of published)" if found else "nothing was both published and measured")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        if all(abs(distance) < 1 for _, distance in found):
            axes.set_xlim(-1, 1)
        figure.suptitle(headline(run), fontsize=10)


def plot_transfers(run: PaperRun, path: Path) -> None:
    """The neurons of the rows, from the recipe itself: the whole curves, not only the inputs of its columns."""
    rows = find_recipe(run.recipe).rows
    plot_transfer(path, {row.name: neuron_of(row) for row in rows}, rows[0].T or 1)


def headline(run: PaperRun) -> str:
    """Which table this is, and where it is not the published network, which one that is."""
    pale = " (pale and dotted: published)" if run.picture == "accuracy" else ""
    lines = [f"{run.paper.partition(',')[0]}, {run.title}{pale}"]
    return "\n".join([*lines, *wrap(f"not as published, but {run.other}", CAPTION)] if run.other else lines)


PICTURES = {"accuracy": plot_accuracy, "ratio": plot_ratio, "transfer": plot_transfers}
