"""What a recipe says: a published table or figure, cell by cell, with what it takes to measure each cell again.

A recipe is a TOML file, read by `read_recipe`. Its columns name the measure that fills them in; its rows name the
network, data, method and settings, or inherit them from their group.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Required, TypedDict, TypeVar

from ..documents import Steps, parse_toml, typed
from ..errors import InputError
from ..io.factory import PREFIXES
from .row import Figure as Figure
from .row import Row as Row
from .row import with_names

GRAMMAR_OF_STOCK = ", ".join(f"{prefix}:NAME" for prefix in PREFIXES)


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        measure: name in `MEASURES`; None: nothing here measures it.
        T: time steps of an accuracy; None: those of the row, or of the ANN.
        x: input of a transfer function, in units of λ.
        value: which value of an arithmetic, or of a diagnosis.
        macs, acs: columns whose published operations are priced. scale: multiplies what was measured.
    """

    name: str
    measure: str | None = None
    T: Steps | None = None
    x: float | None = None
    value: str = ""
    macs: tuple[str, ...] = ()
    acs: tuple[str, ...] = ()
    scale: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """A published table or figure.

    Attributes:
        name: as typed. paper: its citation. title: "Table IV". what: one line on what it shows.
        needs: what a full run takes, as told in `bench list`.
        note: what else the paper says, and how this recipe departs from it.
        picture: how the result is drawn: "accuracy", "ratio" or "transfer".
    """

    name: str
    paper: str
    title: str
    what: str
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    needs: tuple[str, ...] = ()
    note: str = ""
    picture: str = "ratio"

    @property
    def place(self) -> str:
        """Paper and table in short."""
        return f"{self.paper.partition(',')[0]}, {self.title}"

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(row.group for row in self.rows))

    @property
    def steps(self) -> list[int]:
        return [column.T for column in self.columns if column.T is not None]

    def published(self, row: Row, name: str) -> Figure:
        """The row's figure in the column of that name."""
        names = [column.name for column in self.columns]
        return row.published[names.index(name)]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file; the recipe is named after it.

    Raises:
        InputError: it cannot be read, is not TOML, or has keys or lengths that make no recipe.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError("cannot read the recipe", got=error.strerror, where=str(path)) from error
    document = parse_toml(text, str(path), "the recipe")
    try:
        return recipe_of(path.stem, document)
    except InputError as error:
        raise InputError(str(error), where=str(path)) from error


@dataclass(frozen=True)
class Outline:
    """How a document is divided; what its parts hold is judged one by one. `T` or `columns`, `groups` or `rows`.

    Attributes:
        trainings: {name: how networks are trained}; rows and groups name them.
    """

    T: list[Steps] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    trainings: dict[str, dict[str, Any]] = field(default_factory=dict)


PARTS = {each.name for each in fields(Outline)}


class Group(TypedDict, total=False):
    """Rows under one name."""

    name: str
    rows: Required[list[dict[str, Any]]]


def recipe_of(name: str, document: dict[str, Any]) -> Recipe:
    """The recipe in a parsed document. `T = […]` stands for a column "ANN" and a column of accuracies for each T."""
    outline = typed(document, Outline, "the document", "the recipe")
    steps = outline.T
    if not (steps or outline.columns) or not ("groups" in document or "rows" in document):
        raise InputError("this is not a recipe", expected="T or columns, and rows or groups", got=", ".join(document))
    if steps:
        columns = (Column("ANN", "accuracy"), *step_columns(steps))
    else:
        columns = tuple(from_keys(Column, entry, "column") for entry in outline.columns)
    groups = document.get("groups") or [{"rows": outline.rows}]  # with what all rows of a group share
    groups = [with_trainings(group, outline.trainings) for group in groups]
    rows = [row for group in groups for row in with_names(list(rows_of(group, len(columns), bool(steps))))]
    twice = [key for key, times in Counter(row.key for row in rows).items() if times > 1]
    if twice:
        raise InputError("two rows have the same name", got=" ".join(twice[0]))
    rest = {key: value for key, value in document.items() if key not in PARTS}
    told = from_keys(Recipe, {"picture": "accuracy" if steps else "ratio", **rest, "name": name}, "recipe")
    return replace(told, columns=columns, rows=tuple(rows))


def step_columns(steps: Iterable[int]) -> tuple[Column, ...]:
    return tuple(Column(f"T={T}", "accuracy", T=T) for T in steps)


def rows_of(group: dict[str, Any], columns: int, with_ann: bool) -> Iterable[Row]:
    """The rows of a group; what a row does not say, its group says."""
    shared = {key: value for key, value in group.items() if key not in ("name", "rows")}
    for entry in group["rows"]:
        merged = {**shared, **entry, "group": group.get("name", "")}
        what = f"row {str(entry.get('name'))[:80]!r}"
        given = typed(merged.get("published") or [], list[float], "published", what)
        figures = [*([merged.pop("ann", math.nan)] if with_ann else []), *given]
        figures = figures if given else [math.nan] * columns
        if len(figures) != columns:
            raise InputError(f"{what} has {len(figures)} figures", expected=str(columns))
        figures = typed(figures, list[float], "ann", what)
        merged["published"] = [None if math.isnan(figure) else figure for figure in figures]
        row = from_keys(Row, merged, what)
        require_stock(row.network)
        yield row


def with_trainings(group: dict[str, Any], trainings: Mapping[str, Any]) -> dict[str, Any]:
    """The group with its own training and those of its rows in the place of their names.

    Raises:
        InputError: there is none of such a name.
    """

    def named(entry: dict[str, Any]) -> dict[str, Any]:
        if "training" not in entry:
            return entry
        if entry["training"] not in trainings:
            raise InputError(
                "the recipe has no such training", expected=", ".join(trainings), got=repr(entry["training"])
            )
        return {**entry, "training": trainings[entry["training"]]}

    return {**named(group), "rows": [named(row) for row in group["rows"]]}


def require_stock(network: str | None) -> None:
    """A recipe is data: it can name stock networks, but no code of its own."""
    if network is not None and network.partition(":")[0] not in PREFIXES:
        raise InputError("a recipe names stock networks only", expected=GRAMMAR_OF_STOCK, got=network)


K = TypeVar("K")


def from_keys(kind: type[K], entry: Mapping[str, Any], what: str) -> K:
    """The dataclass with these keys as its fields.

    Raises:
        InputError: an unknown key, or a value that is none of the field's.
    """
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # it is a dataclass
    for key in entry:
        if key not in known:
            raise InputError(f"unknown key {key!r} in a {what}", expected=", ".join(sorted(known)))
    return typed(entry, kind, "the document", what)
