"""`robustness`: top-1 in % of networks as they are, with the noise that the row names in the frames."""

from __future__ import annotations

from collections.abc import Sequence

from ...bench._robustness import Robustness, robustness
from ...bench._robustness.result import CLEAN
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure, each_network


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    return [] if workspace.model is not None else workspace.missing_training(row)


def accuracies(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """One measurement of rows that share a network; all of it in robustness.json."""
    rows = [row for row, _ in cells]
    measured = run(rows, workspace)
    return [read(measured, row) for row in rows]


def run(rows: Sequence[Row], workspace: Workspace) -> Robustness:
    def levels(kind: str) -> list[float]:
        return sorted({row.noise[kind] for row in rows if kind in row.noise})

    opened = workspace.open(rows[0])
    network, data = opened.model, workspace.test_data(rows[0], opened)
    result = robustness(
        network, data, gaussian=levels("gaussian"), salt_pepper=levels("salt-pepper"), seed=workspace.seed
    )
    folder = workspace.folder_of(each_network(rows[0], workspace))
    if folder is not None:
        result.save(folder)
    return result


def read(measured: Robustness, row: Row) -> float:
    kind, level = next(iter(row.noise.items()), (CLEAN, 0.0))
    return measured.accuracy(measured.networks[0], kind, level)


MEASURES.register("robustness")(Measure(missing, accuracies, each_network))
