"""`bias`: the activation bias |mean output − activation|, layer by layer, in % of the layer's mean activation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean

from ...bench._diagnose import Diagnosis, diagnose
from ...convert import convert
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure, each_row

VALUES: dict[str, Callable[[list[float]], float]] = {"mean": mean, "largest": max, "last": lambda biases: biases[-1]}


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    return workspace.missing_training(row)


def summaries(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """The mean over layers, the largest, or the last layer's, as the column says; all of them in diagnose.json."""
    biases = layers(run(cells[0][0], workspace))
    return [VALUES[column.value](biases) for _, column in cells]


def layers(diagnosis: Diagnosis) -> list[float]:
    return [site.relative_bias for site in diagnosis.sites if site.relative_bias is not None]


def run(row: Row, workspace: Workspace) -> Diagnosis:
    assert row.method is not None
    opened, steps = workspace.open(row), row.T or 1
    calibration = workspace.calibration(row, opened)
    snn = convert(opened.model, steps, data=calibration, method=row.method, seed=workspace.seed, **row.settings)
    result = diagnose(snn.to(workspace.device), workspace.test_data(row, opened), seed=workspace.seed)
    folder = workspace.folder_of(each_row(row, workspace))
    if folder is not None:
        result.save(folder)
    return result


MEASURES.register("bias")(Measure(missing, summaries))
