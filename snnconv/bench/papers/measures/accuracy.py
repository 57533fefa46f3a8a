"""`accuracy`: top-1 in % of converted networks against T, of the ANN, and of networks evaluated as they are."""

from __future__ import annotations

from collections.abc import Sequence

from ....convert import convert
from ....fingerprint import describe_data, fingerprint
from ....network import SpikingNetwork
from ...grid import Grid
from ...scoring import accuracy
from ...setting import Setting
from ...sweep import Sweep, sweep
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[str]:
    return workspace.missing_training(recipe, row)


def accuracies(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """One sweep for each group, which a killed run goes on with; rows without a method are evaluated as they are."""
    swept: dict[str, Sweep] = {}
    direct: dict[tuple[str, str], float] = {}
    for group in dict.fromkeys(row.group for row, _ in cells if row.method):
        swept[group] = sweep_group([cell for cell in cells if cell[0].group == group and cell[0].method], workspace)
    for row, _ in cells:
        if row.method is None and row.key not in direct:
            direct[row.key] = accuracy(workspace.network(row), workspace.test_data(row))
    return [read(swept[row.group], row, column) if row.method else direct[row.key] for row, column in cells]


def sweep_group(cells: Sequence[Cell], workspace: Workspace) -> Sweep:
    """All settings of one network on one data set, to the longest T that a cell asks for."""
    first = cells[0][0]
    network, calibration = workspace.network(first), workspace.calibration(first)
    wanted = [steps_of(row, column) for row, column in cells]
    steps = sorted({T for T in wanted if T is not None}) or [1]
    settings = list({setting.label: setting for setting in (setting_of(row) for row, _ in cells)}.values())

    def make(setting: Setting, T: int) -> SpikingNetwork:
        made = convert(network, T, data=calibration, method=setting.method, seed=workspace.seed, **setting.options)
        return made.to(workspace.device)

    about = {"model": {"sha256": fingerprint(network)}, "calibration": describe_data(calibration)}
    return sweep(
        Grid(settings, make, about, steps[-1]),
        workspace.test_data(first),
        steps,
        folder=workspace.folder_of(first.group),
        overwrite=workspace.overwrite,
        seed=workspace.seed,
    )


def setting_of(row: Row) -> Setting:
    assert row.method is not None
    return Setting(row.method, row.settings)


def steps_of(row: Row, column: Column) -> int | None:
    return column.T or row.T


def read(swept: Sweep, row: Row, column: Column) -> float:
    steps = steps_of(row, column)
    if steps is None:
        return swept.ann_accuracy
    return next(found.accuracy for found in swept.rows_of(setting_of(row).label) if steps == found.T)


MEASURES.register("accuracy")(Measure(missing, accuracies))
