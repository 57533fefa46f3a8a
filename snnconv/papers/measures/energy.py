"""`energy`: the published operation counts at 4.6 and 0.9 pJ."""

from __future__ import annotations

from collections.abc import Sequence

from ..cost import energy_mj
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    lacking = [name for name in (*column.macs, *column.acs) if recipe.published(row, name) is None]
    return [Lack("FIGURE", f"{' and '.join(lacking)} not published")] if lacking else []


def energies(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """In mJ."""
    return [
        energy_mj(*(sum(recipe.published(row, name) or 0.0 for name in names) for names in (column.macs, column.acs)))
        for row, column in cells
    ]


MEASURES.register("energy")(Measure(missing, energies))
