"""`transfer`: the mean output of one neuron for a constant input."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...methods import METHODS
from ...neurons import NEURONS, Neuron
from ...neurons._response import mean_output
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    reason = workspace.missing_method(row)
    return [reason] if reason else []


def neuron_of(row: Row) -> Neuron:
    """The row's neuron with λ = 1."""
    method = METHODS[row.method or ""].override(row.settings)
    return NEURONS[method.neuron](1.0, **method.neuron_options())


def outputs(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """In units of λ."""
    return [float(mean_output(neuron_of(row), torch.tensor([column.x]), row.T or 1)[0]) for row, column in cells]


MEASURES.register("transfer")(Measure(missing, outputs))
