"""`arithmetic`: values that follow from a layer table and rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import svformer
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure

ARITHMETIC: dict[str, Callable[[], svformer.Operations]] = {
    "svformer.correct": svformer.correct,
    "svformer.as_published": svformer.as_published,
}


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    return [] if row.arithmetic in ARITHMETIC else [Lack("FIGURE", "names no arithmetic")]


def values(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    return [float(getattr(ARITHMETIC[row.arithmetic or ""](), column.value)) for row, column in cells]


MEASURES.register("arithmetic")(Measure(missing, values))
