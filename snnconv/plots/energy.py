"""The picture of an energy measurement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..cost.energy.verdict import digits, unit_of
from .caption import caption
from .style import AMBER, BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, WIDTH, legend_below, picture, title_above

if TYPE_CHECKING:
    from ..cost.energy.result import Energy

# cause → (name in the legend, colour, hatch): as a picture in black and white needs the hatches
CAUSES = {
    "macs": ("MACs", BLUE, ""),
    "acs": ("ACs", ORANGE, ""),
    "biases": ("biases, norms", BLACK, ""),
    "neurons": ("neuron updates", GREEN, ""),
    "weights": ("weight reads", SKY, "//"),
    "potentials": ("potentials", AMBER, "\\\\"),
    "activations": ("activations, spikes", PURPLE, ".."),
}
BAR = 0.36  # inches
THIN = 0.003  # parts of the longest bar that are too thin to be seen
ROOM = 1.32  # the axis reaches so many times the longest bar: the labels stand behind the bars


def plot_energy(energy: Energy, path: Path) -> None:
    """One bar a network, stacked by cause, energy and accuracy behind it."""
    unit, size = unit_of([row.energy_mJ for row in energy.rows])
    places = range(len(energy.rows))
    causes = [cause for cause in CAUSES if any(row.mJ_by_cause[cause] for row in energy.rows)]
    largest = max(row.energy_mJ for row in energy.rows) / size or 1.0
    with picture(path, WIDTH, 1.0 + BAR * len(energy.rows)) as figure:
        axes = figure.subplots()
        start = [0.0] * len(energy.rows)
        for cause in causes:
            label, colour, hatch = CAUSES[cause]
            lengths = [row.mJ_by_cause[cause] / size for row in energy.rows]
            axes.barh(
                places, lengths, left=start, height=0.7, color=colour, hatch=hatch, edgecolor="white", label=label
            )
            start = [left + length for left, length in zip(start, lengths)]
        for place, row in zip(places, energy.rows):
            known = "" if row.accuracy is None else f", {row.accuracy:.2f} %"
            text = f"{digits(row.energy_mJ / size)} {unit}{known}"
            axes.text(row.energy_mJ / size + 0.01 * largest, place, text, va="center", fontsize=10)
        axes.set_yticks(places, [row.name for row in energy.rows])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlim(0, ROOM * largest)
        axes.set_xlabel(f"energy per sample ({unit}), model {energy.energy_model['name']}; top-1 accuracy")
        title_above(figure, caption(energy, energy.T))
        thin = THIN * largest * size
        seen = {CAUSES[cause][0] for cause in causes if any(row.mJ_by_cause[cause] > thin for row in energy.rows)}
        handles, labels = axes.get_legend_handles_labels()
        kept = [(handle, label) for handle, label in zip(handles, labels) if label in seen]
        if kept:
            legend_below(figure, [handle for handle, _ in kept], [label for _, label in kept])
