"""Running a recipe: every cell that can be measured here is, and the others say why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ...errors import InputError
from ...provenance import provenance
from .library import find_recipe
from .measures import MEASURES, Cell
from .recipe import Figure, Recipe, Row, step_columns
from .result import PaperRow, PaperRun
from .workspace import Workspace

TRAINED = ("accuracy", "bias", "robustness")  # measures of trained networks, which another network can stand in for


def run_recipe(
    recipe: str | Recipe,
    workspace: Workspace | None = None,
    *,
    T: Iterable[int] | None = None,
    group: str | None = None,
) -> PaperRun:
    """Measure what a recipe asks for, as far as it can be done here.

    Args:
        recipe: its name, or a TOML file.
        workspace: data, weights, another network, where results go.
        T: time steps in place of the published ones.
        group: only this group of rows.

    Raises:
        InputError: an unknown recipe or group, time steps for a recipe without, a folder with another recipe's results.
    """
    from ..steps import check_steps

    work = workspace or Workspace()
    found = recipe if isinstance(recipe, Recipe) else find_recipe(recipe)
    chosen = with_steps(one_group(found, group, work), None if T is None else check_steps(T))
    if work.folder is not None:
        require_own_folder(chosen, work.folder, work.overwrite)
    why = reasons(chosen, work)
    values = measure(chosen, [cell for cell, missing in why.items() if not missing], work)
    result = PaperRun(
        recipe=chosen.name,
        paper=chosen.paper,
        title=chosen.title,
        what=chosen.what,
        columns=[column.name for column in chosen.columns],
        steps=[column.T for column in chosen.columns],
        rows=[finished(chosen, number, row, why, values) for number, row in enumerate(chosen.rows)],
        note=chosen.note,
        other=work.other,
        picture=chosen.picture,
        samples=work.limit,
        provenance=provenance(work.seed),
    )
    if work.folder is not None:
        result.save(work.folder)
    return result


Place = tuple[int, int]  # row, column


def reasons(recipe: Recipe, work: Workspace) -> dict[Place, list[str]]:
    """{cell that has a measure: why it cannot be measured here}; an empty list: it can."""
    found: dict[Place, list[str]] = {}
    for number, row in enumerate(recipe.rows):
        for position, column in enumerate(recipe.columns):
            if column.measure is not None:
                found[number, position] = MEASURES[column.measure].missing(recipe, row, column, work)
    return found


def measure(recipe: Recipe, places: Iterable[Place], work: Workspace) -> dict[Place, float]:
    """The cells' values; those of one measure together, so that one sweep serves a whole group."""
    by_measure: dict[str, list[Place]] = {}
    for place in places:
        by_measure.setdefault(recipe.columns[place[1]].measure or "", []).append(place)
    values: dict[Place, float] = {}
    for name, same in by_measure.items():
        cells: list[Cell] = [(recipe.rows[row], recipe.columns[column]) for row, column in same]
        for place, (_, column), value in zip(same, cells, MEASURES[name].run(recipe, cells, work)):
            values[place] = column.scale * value
    return values


def finished(
    recipe: Recipe, number: int, row: Row, why: dict[Place, list[str]], values: dict[Place, float]
) -> PaperRow:
    measured: list[Figure] = [values.get((number, position)) for position in range(len(recipe.columns))]
    own = {recipe.columns[column].name: missing for (each, column), missing in why.items() if each == number}
    if not own:
        told = ["nothing here measures it"]
    elif measured.count(None) == len(measured):
        told = [reason for missing in own.values() for reason in missing]
    else:
        told = [f"{name}: {', '.join(missing)}" for name, missing in own.items() if missing]
    return PaperRow(row.group, row.name, list(row.published), measured, "; ".join(dict.fromkeys(told)), row.note)


def one_group(recipe: Recipe, group: str | None, work: Workspace) -> Recipe:
    """The rows of one group. With other data in place of the published ones the groups would repeat each other: the
    first is taken."""
    if work.data is not None and not any(column.measure in TRAINED for column in recipe.columns):
        raise InputError(f"{recipe.name} evaluates no network", remedy="leave --model and --data out")
    if group is None and work.data is not None:
        group = recipe.groups[0]
    if group is None:
        return recipe
    if group not in recipe.groups:
        raise InputError(f"{recipe.name} has no group {group!r}", expected=f"one of {', '.join(recipe.groups)}")
    return replace(recipe, rows=tuple(row for row in recipe.rows if row.group == group))


def with_steps(recipe: Recipe, steps: tuple[int, ...] | None) -> Recipe:
    """Columns for these time steps instead; figures stay where their T does."""
    if steps is None:
        return recipe
    if not recipe.steps:
        raise InputError(f"{recipe.name} has no columns of time steps", remedy="leave --T out")
    columns = (*(column for column in recipe.columns if column.T is None), *step_columns(steps))
    before = [column.name for column in recipe.columns]
    places = [before.index(column.name) if column.name in before else None for column in columns]
    rows = [
        replace(row, published=tuple(None if place is None else row.published[place] for place in places))
        for row in recipe.rows
    ]
    return replace(recipe, columns=columns, rows=tuple(rows))


def require_own_folder(recipe: Recipe, folder: Path, overwrite: bool) -> None:
    """A folder with results of another recipe is left alone."""
    if overwrite or not (folder / f"{PaperRun.NAME}.json").exists():
        return
    earlier = PaperRun.load(folder).recipe
    if earlier != recipe.name:
        raise InputError(
            "the folder holds the results of another recipe", expected=recipe.name, got=earlier, where=str(folder),
            remedy="choose another with -o, or pass --overwrite",
        )  # fmt: skip
