"""Which recipes carry the published figures of a conversion method: read off their rows, written down nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .library import recipes
from .recipe import Recipe, Row


@dataclass(frozen=True)
class PublishedRow:
    """A row of a recipe that uses the method.

    Attributes:
        place: paper and table. settings: what the row sets besides the method.
        figures: {column: figure}, those that are published; none where the paper prints a picture.
    """

    recipe: str
    place: str
    group: str
    row: str
    settings: Mapping[str, Any]
    figures: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def rows_of_method(method: str) -> list[PublishedRow]:
    """Every row of every recipe that converts with the method, by recipe."""
    library = recipes()
    return [published(library[name], row) for name in library for row in library[name].rows if row.method == method]


def published(recipe: Recipe, row: Row) -> PublishedRow:
    figures = {column.name: figure for column, figure in zip(recipe.columns, row.published) if figure is not None}
    return PublishedRow(recipe.name, recipe.place, row.group, row.name, dict(row.settings), figures)
