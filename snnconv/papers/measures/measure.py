"""What fills in a column: a check of what is missing, and the measurement. One kind a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...registry import Registry
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace

Cell = tuple[Row, Column]


def each_row(row: Row, workspace: Workspace) -> str:
    """Every row alone, on every split."""
    return row.place + row.part


def each_network(row: Row, workspace: Workspace) -> str:
    """Rows of a group that share a trained network; those with a file of weights of their own apart."""
    if workspace.model is not None:
        return row.group
    own = row.place + row.part
    return own if own in workspace.weights else row.shares + row.part


@dataclass(frozen=True)
class Measure:
    """A way to measure cells of a recipe.

    Attributes:
        missing: why a cell cannot be measured here, reason by reason; nothing: it can.
        run: cells with nothing missing, on one split each → their values, in order. An error that it raises is told
            in the place of the values.
        together: rows of which this is the same are measured in one go; it names their folder.
    """

    missing: Callable[[Recipe, Row, Column, Workspace], list[Lack]]
    run: Callable[[Recipe, Sequence[Cell], Workspace], list[float]]
    together: Callable[[Row, Workspace], str] = each_row


MEASURES: Registry[Measure] = Registry("measure")
