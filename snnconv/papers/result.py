"""What came out of a recipe, beside what was published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..measure.result import Result
from .recipe import Figure


@dataclass(frozen=True)
class PaperRow:
    """One row, published and measured.

    Attributes:
        published: one figure a column, None where there is none.
        measured: the same of what was measured here, None where nothing was.
        why: why something was not measured: "" where everything was.
        note: what to know about the row.
        by_split: {split: the same as measured}, where `measured` is the mean over several.
    """

    group: str
    name: str
    published: list[Figure]
    measured: list[Figure]
    why: str = ""
    note: str = ""
    by_split: dict[str, list[Figure]] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperRun(Result):
    """A published table or figure with what came out here.

    Attributes:
        steps: time steps of the columns, None for those that have none.
        other: where the settings ran on another network than the published one, which; else "".
        picture: how it is drawn.
        samples: the most test samples that were asked for, None: all.
    """

    NAME: ClassVar[str] = "bench"
    PICTURE = "snnconv.plots.papers.plot_paper"

    recipe: str
    paper: str
    title: str
    what: str
    columns: list[str]
    steps: list[int | None]
    rows: list[PaperRow]
    note: str = ""
    other: str = ""
    picture: str = "ratio"
    samples: int | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """A line for every cell that was published or measured, and one for a row of which neither is."""
        lines = []
        for row in self.rows:
            cells = list(zip(self.columns, row.published, row.measured))
            shown = [cell for cell in cells if cell[1:] != (None, None)] or [("", None, None)]
            for column, published, measured in shown:
                figures = {"column": column, "published": published, "measured": measured}
                lines.append({"group": row.group, "row": row.name, **figures, "not run": row.why})
        return lines
