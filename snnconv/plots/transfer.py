"""What one neuron makes of a constant input: the mean output of the real neurons, run for T steps. Needs no data."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..neurons import IntegrateFire, Neuron, ScalableDualThreshold
from ..neurons._response import mean_output
from .style import GREY, WIDTH, legend_below, picture, series

POINTS = 701
CHARACTERS = 30  # of a title, over half the picture
LOW, HIGH = -0.25, 1.5  # the inputs shown, in units of λ


def published_settings() -> dict[str, Neuron]:
    """IF beside SD neurons: a smaller threshold alone clips (αβ < 1), more spikes a step take that back."""
    settings: list[dict[str, Any]] = [{"alpha": 0.5, "beta": 1}, {"alpha": 0.5, "beta": 2}, {"alpha": 0.2, "beta": 5}]
    scalable = {f"SD α={s['alpha']:g} β={s['beta']}": ScalableDualThreshold(1.0, **s) for s in settings}
    return {"IF": IntegrateFire(1.0), **scalable}


def plot_transfer(path: Path, neurons: Mapping[str, Neuron] | None = None, T: int = 4) -> None:
    """One panel a neuron (λ = 1): mean output over T steps against input, with clip(x, 0, λ) dashed."""
    shown = neurons or published_settings()
    inputs = torch.linspace(LOW, HIGH, POINTS)
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    with picture(path, WIDTH, 0.7 + 2.0 * rows) as figure:
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for number, (axes, (name, neuron)) in enumerate(zip(panels.flat, shown.items())):
            axes.plot(inputs, inputs.clamp(0, 1), color=GREY, linestyle="--", linewidth=1.2, label="clip(x, 0, λ)")
            look = {**series(number), "marker": "", "linestyle": "-"}
            axes.plot(inputs, mean_output(neuron, inputs, T), drawstyle="steps-mid", **look)
            axes.set_title(textwrap.fill(name, CHARACTERS))
        for axes in panels.flat[len(shown) :]:
            axes.set_axis_off()
        for axes in panels[:, 0]:
            axes.set_ylabel("mean output (λ)")
        for axes in panels[-1]:
            axes.set_xlabel("constant input (λ)")
        figure.suptitle(f"T = {T} steps of constant input", fontsize=11)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        legend_below(figure, handles, labels)
