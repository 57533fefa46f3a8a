"""All there is to say about one conversion method: its settings, its neuron, and the recipes of its figures."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..methods import METHODS, OPTIONS
from ..neurons import NEURONS
from ..papers import PublishedRow, rows_of_method
from .method_row import row_of


@dataclass(frozen=True)
class MethodPage:
    """A method as `snnconv methods NAME` tells it.

    Attributes:
        row: its line of the table.
        settable: those of its options that a conversion can override.
        equations: the neuron's step, as documented where it is defined. parameters: what the neuron's options mean.
        notes: what else there is to know. published: rows of recipes that use the method.
    """

    row: dict[str, Any]
    settable: list[str]
    equations: str
    parameters: str
    notes: list[str]
    published: list[PublishedRow]

    def to_dict(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("settable", "equations", "parameters", "notes")}
        return {**self.row, **told, "published": [row.to_dict() for row in self.published]}


def page_of(name: str) -> MethodPage:
    """Everything about the method of that name.

    Raises:
        InputError: there is none; the nearest name is suggested.
    """
    method = METHODS[name]
    text = inspect.getdoc(NEURONS[method.neuron]) or ""
    equations, _, rest = text.partition("\n\nArgs:\n")
    parameters = inspect.cleandoc(rest.partition("\n\n")[0])
    settable = [option for option in method.options if option in OPTIONS]
    unlike = [f"Unlike what was published, it {method.unlike}."] if method.unlike else []
    return MethodPage(row_of(method), settable, equations, parameters, [*unlike, *method.notes], rows_of_method(name))


def lines_of(page: MethodPage) -> Iterable[str]:
    """The page as text."""
    row = page.row
    yield f"{row['method']}: {row['summary']}"
    for name, text in facts(page).items():
        if text:
            yield f"  {name:<12}{text}"
    yield from ("", f"neuron {row['neuron']}", *indented(page.equations))
    if page.parameters:
        yield from ("", *indented(page.parameters))
    if page.notes:
        yield from ("", *page.notes)
    yield from ("", *published_lines(page))


def facts(page: MethodPage) -> dict[str, str]:
    """What there is to know in a line each; an empty one: nothing."""
    row = page.row
    network = "any; nothing is trained"
    if row["needs"] != "nothing":
        network = f"trained with {row['needs']} (snnconv finetune); on others the thresholds are calibrated"
    values = {option: plain(value) for option, value in row["options"].items()}
    return {
        "source": row["source"],
        "network": network,
        "thresholds": f"{row['threshold']}, one per {row['granularity']}",
        "corrections": ", ".join(row["corrections"]),
        "max pooling": row["maxpool"],
        "latency": f"{row['warm_up']} + T steps" if row["warm_up"] else "T steps",
        "set up": "for one T: another takes a conversion of its own" if row["at_T"] else "",
        "options": ", ".join(f"{OPTIONS[option].declarations[0]} {values[option]}" for option in page.settable),
        "fixed": ", ".join(f"{option} {value}" for option, value in values.items() if option not in page.settable),
    }


def published_lines(page: MethodPage) -> Iterable[str]:
    if not page.published:
        yield "published figures: none"
        return
    yield "published figures: snnconv bench run RECIPE"
    for recipe in page.row["recipes"]:
        rows = [row for row in page.published if row.recipe == recipe]
        yield f"  {recipe}: {rows[0].place}"
        for row in rows:
            if row.figures:
                figures = ", ".join(f"{column} {plain(figure)}" for column, figure in row.figures.items())
                yield f"    {f'{row.group} {row.row}'.strip()}: {figures}"
        drawn = sum(not row.figures for row in rows)
        if drawn:
            yield f"    {drawn} {'rows' if drawn > 1 else 'row'} without figures: the paper draws them"


def indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]


def plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
