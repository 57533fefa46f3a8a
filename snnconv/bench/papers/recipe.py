"""What a recipe says: a published table or figure, cell by cell, with what it takes to measure each cell again.

A recipe is a TOML file, read by `read_recipe`. Its columns name the measure that fills them in; its rows name the
network, data, method and settings, or inherit them from their group.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from ...errors import InputError
from ...io.factory import PREFIXES

Figure = float | None  # None: not published
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
    T: int | None = None
    x: float | None = None
    value: str = ""
    macs: tuple[str, ...] = ()
    acs: tuple[str, ...] = ()
    scale: float = 1.0


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        published: one figure a column.
        network: what `snnconv.io.build` takes. arch: further arguments of it. classes: of its output.
        data: name in `DATA_SETS`. noise: kind in `NOISES` → its level, for the measure "robustness".
        method, settings: of the conversion; no method: the network is evaluated as it is.
        T: time steps, where the columns do not say.
        shape: of one input, or of each of several. inputs: how many such are counted together. convention: of the
            count. layers: regular expression of the only layers counted.
        arithmetic: name in `ARITHMETIC`.
        note: printed below the row.
    """

    group: str
    name: str
    published: tuple[Figure, ...] = ()
    network: str | None = None
    arch: Mapping[str, str] = field(default_factory=dict)
    classes: int | None = None
    data: str | None = None
    noise: Mapping[str, float] = field(default_factory=dict)
    method: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    T: int | None = None
    shape: tuple[Any, ...] | None = None
    inputs: int = 1
    convention: str = "mac"
    layers: str = ""
    arithmetic: str | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other rows."""
        return self.group, self.name

    @property
    def place(self) -> str:
        """The same as it is typed."""
        return "/".join(part for part in self.key if part)


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
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
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

    def one_network(self, group: str) -> bool:
        """Whether all rows of the group that name a network name the same one."""
        named = [row for row in self.rows if row.group == group and row.network is not None]
        return len({repr((row.network, row.arch, row.classes)) for row in named}) <= 1

    def published(self, row: Row, name: str) -> Figure:
        """The row's figure in the column of that name."""
        names = [column.name for column in self.columns]
        return row.published[names.index(name)]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file; the recipe is named after it.

    Raises:
        InputError: it cannot be read, is no TOML, or has keys or lengths that make no recipe.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("cannot read the recipe", got=error.strerror, where=str(path)) from error
    except ValueError as error:
        raise InputError("the recipe is no TOML", got=str(error), where=str(path)) from error
    try:
        return recipe_of(path.stem, document)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("this is no recipe", got=f"{type(error).__name__}: {error}", where=str(path)) from error
    except InputError as error:
        raise InputError(str(error), where=str(path)) from error


def recipe_of(name: str, document: dict[str, Any]) -> Recipe:
    """The recipe in a parsed document. `T = […]` stands for a column "ANN" and a column of accuracies for each T."""
    document = dict(document)
    steps = document.pop("T", None)
    if steps:
        columns = (Column("ANN", "accuracy"), *step_columns(steps))
    else:
        columns = tuple(from_keys(Column, entry, "column") for entry in document.pop("columns"))
    groups = document.pop("groups", None) or [{"rows": document.pop("rows")}]
    rows = [row for group in groups for row in rows_of(group, len(columns), bool(steps))]
    twice = [key for key, times in Counter(row.key for row in rows).items() if times > 1]
    if twice:
        raise InputError("two rows have the same name", got=" ".join(twice[0]))
    picture = {"picture": "accuracy"} if steps else {}
    known = {"name": name, "columns": columns, "rows": tuple(rows)}
    return from_keys(Recipe, {**picture, **document, **known}, "recipe")


def step_columns(steps: Iterable[int]) -> tuple[Column, ...]:
    return tuple(Column(f"T={T}", "accuracy", T=T) for T in steps)


def rows_of(group: dict[str, Any], columns: int, with_ann: bool) -> Iterable[Row]:
    """The rows of a group; what a row does not say, its group says."""
    shared = {key: value for key, value in group.items() if key not in ("name", "rows")}
    for entry in group["rows"]:
        merged = {**shared, **entry, "group": group.get("name", "")}
        figures = [*([merged.pop("ann", math.nan)] if with_ann else []), *merged.get("published", [])]
        figures = figures if merged.get("published") else [math.nan] * columns
        if len(figures) != columns:
            raise InputError(f"row {entry['name']!r} has {len(figures)} figures", expected=str(columns))
        require_stock(merged.get("network"))
        merged["published"] = tuple(None if math.isnan(figure) else float(figure) for figure in figures)
        yield from_keys(Row, merged, f"row {entry['name']!r}")


def require_stock(network: str | None) -> None:
    """A recipe is data: it can name stock networks, but no code of its own."""
    if network is not None and network.partition(":")[0] not in PREFIXES:
        raise InputError("a recipe names stock networks only", expected=GRAMMAR_OF_STOCK, got=network)


K = TypeVar("K")


def from_keys(kind: type[K], entry: Mapping[str, Any], what: str) -> K:
    """The dataclass with these keys as its fields, lists as tuples."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # it is a dataclass
    for key in entry:
        if key not in known:
            raise InputError(f"unknown key {key!r} in a {what}", expected=", ".join(sorted(known)))
    return kind(**{key: frozen(value) for key, value in entry.items()})


def frozen(value: Any) -> Any:
    return tuple(map(frozen, value)) if isinstance(value, list) else value
