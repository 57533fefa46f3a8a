"""Accuracy against what it costs: spikes, or energy with the ANNs beside it. The Pareto front is drawn in both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cost.energy.verdict import unit_of
from .curves import curves_of, judged_by
from .names import place_names
from .style import BLACK, GREY, WIDTH, ann_line, legend_below, picture, plain_ticks, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._sweep import Sweep

CLOSE = 5.0  # points below the best accuracy at which the second panel begins
BASELINE_MARKS = "*DosX^"


class Point(NamedTuple):
    cost: float
    accuracy: float


def plot_spikes(sweep: Sweep, path: Path) -> None:
    """Accuracy against spikes per neuron and sample, one line a setting, one mark a T."""
    lines = [
        (curve.setting, points_of((row.spikes_per_neuron, row.accuracy) for row in rows))
        for curve, rows in curves_of(sweep)
    ]
    draw(lines, [], sweep.ann_accuracy, "spikes per neuron and sample", path, judged_by(sweep))


def plot_energy(sweep: Sweep, path: Path) -> None:
    """Accuracy against energy per sample, with the ANN in its own precision and quantised as labelled points."""
    everything = [row.energy for row in sweep.rows] + [baseline.energy for baseline in sweep.baselines]
    unit, size = unit_of([energy for energy in everything if energy is not None])
    lines = [
        (curve.setting, points_of(((row.energy, row.accuracy) for row in rows), size))
        for curve, rows in curves_of(sweep)
    ]
    baselines = [
        (baseline.name, point)
        for baseline in sweep.baselines
        for point in points_of([(baseline.energy, baseline.accuracy)], size)
    ]
    draw(
        lines,
        baselines,
        sweep.ann_accuracy,
        f"energy per sample ({unit}), model {sweep.energy_model}",
        path,
        judged_by(sweep),
    )


def points_of(pairs: Iterable[tuple[float | None, float]], unit: float = 1.0) -> list[Point]:
    """What a logarithmic axis can show: a cost that was measured and is not 0, as of a network that never fired."""
    return [Point(cost / unit, accuracy) for cost, accuracy in pairs if cost is not None and 0 < cost < math.inf]


def front(points: Iterable[Point]) -> list[Point]:
    """The points that no other beats in both cost and accuracy, by rising cost."""
    best: list[Point] = []
    for point in sorted(set(points), key=lambda point: (point.cost, -point.accuracy)):
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best


def draw(
    lines: Sequence[tuple[str, list[Point]]],
    baselines: Sequence[tuple[str, Point]],
    ann_accuracy: float,
    cost: str,
    path: Path,
    judged: str,
) -> None:
    """All of it in one panel; a second one magnifies what comes within a few points of the best."""
    points = [point for _, line in lines for point in line] + [point for _, point in baselines]
    accuracies = [point.accuracy for point in points] + [ann_accuracy]
    floor = max(accuracies) - CLOSE
    close = [accuracy for accuracy in accuracies[:-1] if accuracy >= floor]
    split = len(close) >= 2 and max(accuracies) - min(accuracies) > 3 * CLOSE
    with picture(path, WIDTH, 3.3) as figure:
        panels: list[Axes] = list(figure.subplots(1, 2)) if split else [figure.subplots()]
        for axes in panels:
            best = front(points)
            axes.step(
                [point.cost for point in best], [point.accuracy for point in best], where="post",
                color=GREY, alpha=0.3, linewidth=4.5, solid_joinstyle="round", label="Pareto front", zorder=1,
            )  # fmt: skip
            ann_line(axes, ann_accuracy, f"ANN {ann_accuracy:.2f} %")
            for number, (name, line) in enumerate(lines):
                axes.plot([p.cost for p in line], [p.accuracy for p in line], label=name, **series(number))
            axes.set(xlabel=cost, xscale="log" if points else "linear")
            axes.margins(x=0.2 if baselines else 0.12)  # room for names
        panels[0].set(ylabel=judged)
        if split:
            panels[0].set_title("all settings")
            panels[1].set_title(f"within {CLOSE:g} points of the best")
            names = 0.3 if baselines else 0.1  # names stand above their points, clear of the curves
            panels[1].set_ylim(floor, max(accuracies) + names * CLOSE)
            side = 3 if baselines else 1.7
            nearby = [point.cost for point in points if point.accuracy >= floor]
            panels[1].set_xlim(min(nearby) / side, max(nearby) * side)
        for axes in panels:
            for number, (_, point) in enumerate(baselines):
                mark_baseline(axes, number, point)
            if points:
                plain_ticks(axes.xaxis)
        legend_below(figure, *panels[0].get_legend_handles_labels())
        figure.draw_without_rendering()  # where names can stand depends on the layout
        for axes in panels:
            # Named in one panel, the one that magnifies it.
            named = [
                baseline
                for baseline in baselines
                if axes is (panels[-1] if baseline[1].accuracy >= floor else panels[0])
            ]
            place_names(axes, named, [point for _, point in baselines], [line for _, line in lines])


def mark_baseline(axes: Axes, number: int, point: Point) -> None:
    """Where it lies within the panel."""
    low, high = axes.get_ylim()
    if not low <= point.accuracy <= high:
        return
    mark = BASELINE_MARKS[number % len(BASELINE_MARKS)]
    look: Any = {"color": "white", "markeredgecolor": BLACK, "markeredgewidth": 1.3}
    axes.plot([point.cost], [point.accuracy], mark, markersize=10 if mark == "*" else 7, zorder=5, **look)
