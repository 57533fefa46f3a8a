"""How much the threshold scale α matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from .curves import curves_of, steps_of
from .style import WIDTH, ann_line, legend_below, picture, series, step_axis

if TYPE_CHECKING:
    from ..bench._sweep import Curve, Row, Sweep

Family = list[tuple["Curve", list["Row"]]]


def families(sweep: Sweep) -> list[Family]:
    """Curves that differ in α alone, where there are at least two of them; each family by rising α."""
    found: dict[str, Family] = {}
    for curve, rows in curves_of(sweep):
        rest = {key: value for key, value in curve.settings.items() if key != "alpha"}
        if curve.settings.get("alpha") is not None:
            found.setdefault(json.dumps(rest, sort_keys=True, default=str), []).append((curve, rows))
    ordered = [sorted(family, key=lambda member: member[0].settings["alpha"]) for family in found.values()]
    return [family for family in ordered if len({curve.settings["alpha"] for curve, _ in family}) > 1]


def plot_alpha(sweep: Sweep, path: Path) -> None:
    """Accuracy against T, one panel a method and β, one line an α."""
    groups = families(sweep)
    alphas = sorted({curve.settings["alpha"] for group in groups for curve, _ in group})
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    with picture(path, WIDTH, 0.3 + 2.6 * rows) as figure:
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flat
        seen: dict[float, object] = {}
        for axes, group in zip(panels, groups):
            ann_line(axes, sweep.ann_accuracy)
            for curve, points in group:
                alpha = curve.settings["alpha"]
                (line,) = axes.plot(
                    [row.T for row in points], [row.accuracy for row in points], label=f"α = {alpha:g}",
                    **series(alphas.index(alpha)),
                )  # fmt: skip
                seen.setdefault(alpha, line)
            axes.set_title(title(group[0][0]))
            step_axis(axes, steps_of(sweep))
        for axes in list(panels):  # what is left of the last row
            axes.set_axis_off()
        for row in range(rows):
            figure.axes[row * columns].set_ylabel("top-1 accuracy (%)")
        legend_below(figure, [seen[alpha] for alpha in alphas], [f"α = {alpha:g}" for alpha in alphas])


def title(curve: Curve) -> str:
    beta = curve.settings.get("beta")
    return f"{curve.settings.get('method', 'SNN')}" + (f", β = {beta:g}" if beta is not None else "")
