"""What fills in a column: a check of what is missing, and the measurement. One kind a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ....registry import Registry
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace

Cell = tuple[Row, Column]


@dataclass(frozen=True)
class Measure:
    """A way to measure cells of a recipe.

    Attributes:
        missing: why a cell cannot be measured here, reason by reason; nothing: it can.
        run: cells with nothing missing → their values, in order.
    """

    missing: Callable[[Recipe, Row, Column, Workspace], list[str]]
    run: Callable[[Recipe, Sequence[Cell], Workspace], list[float]]


MEASURES: Registry[Measure] = Registry("measure")
