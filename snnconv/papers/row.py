"""One row of a recipe: a network, the data it is measured on, and what is done to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from msgspec import Meta

from ..documents import Shape, Size, Steps

Classes = Annotated[int, Meta(ge=1, le=100_000)]
Inputs = Annotated[int, Meta(ge=1, le=1000)]
Figure = float | None  # None: not published


@dataclass(frozen=True)
class TrainingOf:
    """How a network of a paper was trained.

    Attributes:
        start: data set of the checkpoint that it starts from, but for the classifier, or "imagenet": of the weights of
            a part of it, which its builder takes; "": random weights.
        activation: kind in `CLIPS` in the place of ReLUs; None: they stay. init: where λ starts, as for `snnconv.clip`.
        recipe: name in `snnconv.training.RECIPES`. settings: of the training, others than those, or than those
            usual for the network.
    """

    start: str = ""
    activation: str | None = None
    init: float | None = None
    recipe: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        published: one figure a column.
        network: what `snnconv.io.build` takes. arch: further arguments of it. classes: of its output.
        data: name in `DATA_SETS`. split: of its official ones; "": the first. splits: several, each with a network of
            its own; the figures are their means.
        sampling: options of video clips that the paper names, such as "stride=1"; the rest follows from the network.
        views: of a test clip, such as "5x3". normalization: name in `NORMALIZATIONS`.
        noise: kind in `NOISES` → its level, for the measure "robustness".
        method, settings: of the conversion; no method: the network is evaluated as it is.
        training: how `--train` makes the network; None: it does not.
        T: time steps, where the columns do not say.
        shape: of one input, or of each of several, for counts. inputs: how many such are counted together. convention:
            of the count. layers: regular expression of the only layers counted.
        arithmetic: name in `ARITHMETIC`.
        note: printed below the row.
        shares: name of its trained network, which other rows of the group may have too; found when a recipe is read.
    """

    group: str
    name: str
    published: tuple[Figure, ...] = ()
    network: str | None = None
    arch: Mapping[str, str] = field(default_factory=dict)
    classes: Classes | None = None
    data: str | None = None
    split: str = ""
    splits: tuple[str, ...] = ()
    sampling: str = ""
    views: str | None = None
    normalization: str = ""
    noise: Mapping[str, float] = field(default_factory=dict)
    method: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    training: TrainingOf | None = None
    T: Steps | None = None
    shape: tuple[Size | Shape, ...] | None = None
    inputs: Inputs = 1
    convention: str = "mac"
    layers: str = ""
    arithmetic: str | None = None
    note: str = ""
    shares: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other rows."""
        return self.group, self.name

    @property
    def place(self) -> str:
        """The same as it is typed."""
        return "/".join(part for part in self.key if part)

    @property
    def part(self) -> str:
        """Its split as it is typed after the place, where there are several."""
        return f":{self.split}" if self.splits else ""

    def by_split(self) -> list[Row]:
        """Itself for each of its splits."""
        return [replace(self, split=split) for split in self.splits] or [self]


def with_names(rows: Iterable[Row]) -> Iterable[Row]:
    """Rows of one group with the names of their networks: the group's own where there is only one; clip and relu where
    they differ by that alone; else the first row's."""
    named = [row for row in rows if row.network is not None]
    kinds = {repr(alike(row)) for row in named}
    trained = {repr((alike(row), row.training)) for row in named}
    for row in rows:
        if len(trained) <= 1:
            name = row.group
        elif len(kinds) == 1:
            name = f"{row.group}/{(row.training and row.training.activation) or 'relu'}"
        else:
            name = next(one for one in named if same(one, row)).place if row.network else ""
        yield replace(row, shares=name)


def alike(row: Row) -> tuple[Any, ...]:
    """The network and its data, without how it is trained."""
    data = row.data, row.split, row.splits, row.sampling, row.views, row.normalization
    return row.network, dict(row.arch), row.classes, *data


def same(one: Row, other: Row) -> bool:
    return alike(one) == alike(other) and one.training == other.training


def alone(row: Row) -> Row:
    """A row of several splits on its own one, typed as before."""
    return replace(row, splits=(row.split,)) if row.splits else row
