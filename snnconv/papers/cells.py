"""The cells of a recipe: what is missing for each, and the values of those that can be measured.

Cells that one measurement serves go together; where it fails, the rows in it are measured each alone, so that one bad
row costs no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

from ..errors import SnnconvError
from .lack import Lack
from .measures import MEASURES, Cell
from .recipe import Recipe
from .workspace import Workspace

TRAINED = ("accuracy", "bias", "robustness")  # measures of trained networks, which another network can stand in for
FAILURES = (SnnconvError, RuntimeError, OSError)  # of input, of torch (memory that does not suffice too), of files

Place = tuple[int, int]  # row, column


@dataclass
class Measured:
    """What came out.

    Attributes:
        values: of every cell that was measured; by_split: the same of each split, where there are several.
        failed: {cell: what went wrong}.
    """

    values: dict[Place, float] = field(default_factory=dict)
    by_split: dict[Place, dict[str, float]] = field(default_factory=dict)
    failed: dict[Place, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A cell on one of its splits."""

    place: Place
    cell: Cell


def reasons(recipe: Recipe, work: Workspace) -> dict[Place, list[Lack]]:
    """{cell that has a measure: why it cannot be measured here}; an empty list: it can."""
    found: dict[Place, list[Lack]] = {}
    for number, row in enumerate(recipe.rows):
        for position, column in enumerate(recipe.columns):
            if column.measure is not None:
                found[number, position] = MEASURES[column.measure].missing(recipe, row, column, work)
    return found


def measure(recipe: Recipe, places: Iterable[Place], work: Workspace) -> Measured:
    """The cells' values; of a row with several splits the mean over all of them."""
    together: dict[tuple[str, str], list[Part]] = {}
    for place in places:
        row, column = recipe.rows[place[0]], recipe.columns[place[1]]
        name = column.measure or ""
        parts = row.by_split() if name in TRAINED and work.data is None else [replace(row, splits=())]
        for part in parts:
            same = MEASURES[name].together(part, work)
            together.setdefault((name, same), []).append(Part(place, (part, column)))
    found = Measured()
    for (name, _), parts in together.items():
        take(found, name, recipe, parts, work)
    for place, values in found.by_split.items():
        if len(values) == len(recipe.rows[place[0]].splits):
            found.values[place] = mean(values.values())
    return found


def take(found: Measured, name: str, recipe: Recipe, parts: Sequence[Part], work: Workspace) -> None:
    """Measure cells together; where that fails, the rows each alone."""
    try:
        values = MEASURES[name].run(recipe, [part.cell for part in parts], work)
    except FAILURES as error:
        rows = {part.cell[0].key: part.cell[0] for part in parts}
        if len(rows) == 1:
            told = f"failed{on_split(parts[0])}: {' '.join(line.strip() for line in str(error).splitlines())[:300]}"
            found.failed.update({part.place: told for part in parts})
            return
        for key, row in rows.items():
            alone = replace(work, folder=work.folder_of(row.place + row.part))
            take(found, name, recipe, [part for part in parts if part.cell[0].key == key], alone)
        return
    for part, value in zip(parts, values):
        row, column = part.cell
        if row.splits:
            found.by_split.setdefault(part.place, {})[row.split] = column.scale * value
        else:
            found.values[part.place] = column.scale * value


def on_split(part: Part) -> str:
    row, _ = part.cell
    return f" on split {row.split}" if row.splits else ""
