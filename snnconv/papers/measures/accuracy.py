"""`accuracy`: top-1 in % of converted networks against T, of the ANN, and of networks evaluated as they are."""

from __future__ import annotations

from collections.abc import Sequence

from ...bench._grid import Grid
from ...bench._sweep import Sweep, sweep
from ...bench.setting import Setting
from ...convert import convert
from ...fingerprint import describe_data, fingerprint
from ...measure.scoring import accuracy
from ...network import SpikingNetwork
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure, each_network


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    return workspace.missing_training(row)


def accuracies(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """Of rows that share a network: one sweep, which a killed run goes on with; without a method, as the network is."""
    converted = [cell for cell in cells if cell[0].method]
    swept = sweep_all(converted, workspace) if converted else None
    direct: float | None = None
    values = []
    for row, column in cells:
        if row.method and swept is not None:
            values.append(read(swept, row, column))
            continue
        if direct is None:
            opened = workspace.open(row)
            direct = accuracy(opened.model, workspace.test_data(row, opened))
        values.append(direct)
    return values


def sweep_all(cells: Sequence[Cell], workspace: Workspace) -> Sweep:
    """All settings of one network on one data set, to the longest T that a cell asks for."""
    first = cells[0][0]
    opened = workspace.open(first)
    calibration = workspace.calibration(first, opened)
    wanted = [steps_of(row, column) for row, column in cells]
    steps = sorted({T for T in wanted if T is not None}) or [1]
    settings = list({setting.label: setting for setting in (setting_of(row) for row, _ in cells)}.values())

    def make(setting: Setting, T: int) -> SpikingNetwork:
        made = convert(opened.model, T, data=calibration, method=setting.method, seed=workspace.seed, **setting.options)
        return made.to(workspace.device)

    about = {"model": {"sha256": fingerprint(opened.model)}, "calibration": describe_data(calibration)}
    return sweep(
        Grid(settings, make, about, steps[-1]),
        workspace.test_data(first, opened),
        steps,
        folder=workspace.folder_of(each_network(first, workspace)),
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


MEASURES.register("accuracy")(Measure(missing, accuracies, each_network))
