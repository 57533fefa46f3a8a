"""What of a recipe runs: a group of its rows, other time steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..errors import InputError
from .cells import TRAINED
from .recipe import Recipe, step_columns
from .workspace import Workspace


def one_group(recipe: Recipe, group: str | None, work: Workspace) -> Recipe:
    """The rows of one group. With other data in place of the published ones the groups would repeat each other: the
    first is taken.

    Raises:
        InputError: other data for a recipe that evaluates no network, or an unknown group.
    """
    if work.data is not None and not any(column.measure in TRAINED for column in recipe.columns):
        raise InputError(f"{recipe.name} evaluates no network", remedy="leave --model and --data out")
    if group is None and work.data is not None:
        group = recipe.groups[0]
    if group is None:
        return recipe
    if group not in recipe.groups:
        raise InputError(f"{recipe.name} has no group {group!r}", expected=f"one of {', '.join(recipe.groups)}")
    return replace(recipe, rows=tuple(row for row in recipe.rows if row.group == group))


def with_steps(recipe: Recipe, T: Iterable[int] | None) -> Recipe:
    """Columns for these time steps instead; figures stay where their T does.

    Raises:
        InputError: no time steps, one twice, or a recipe without columns of such.
    """
    from ..measure.steps import check_steps

    if T is None:
        return recipe
    steps = check_steps(T)
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
