"""What a page is made of, before it becomes HTML. All text is plain: the template escapes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """A picture.

    Attributes:
        name: stem of its files.
        plot: draws it into a file, whose suffix names the format.
        alt: what is seen, for those who do not see it.
        caption: what is seen and how it was measured.
    """

    name: str
    plot: Callable[[Path], None]
    alt: str
    caption: str


@dataclass(frozen=True)
class Column:
    """One column of a table; `number` columns are aligned right and sorted by value."""

    heading: str
    number: bool


@dataclass(frozen=True)
class Cell:
    """What is written, and what is sorted by: a number, a text, or "" for nothing, which comes last."""

    text: str
    key: str


@dataclass(frozen=True)
class Table:
    """A table that a click on a header sorts. `folded`: shown only when asked for."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False


@dataclass(frozen=True)
class Tile:
    """One figure of the summary."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One result.

    Attributes:
        name: of the result, and anchor in the page.
        headline: sentences for the summary, the verdict first.
        overview: tables for the summary.
        paragraphs: what to know before looking at the figures.
    """

    name: str
    title: str
    headline: Sequence[str] = ()
    tiles: Sequence[Tile] = ()
    paragraphs: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    overview: Sequence[Table] = ()
    notices: Sequence[str] = field(default_factory=tuple)
