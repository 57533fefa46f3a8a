"""What `bench` prints: lists of recipes, their rows, what a dry run found, published figures beside measured ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from ..console import VisibleConsole, styled

if TYPE_CHECKING:
    from ..papers import Entry, PaperRun, RowCheck

WIDE = 200


def table_of(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "recipe")
    return table


def print_recipes(entries: Sequence[Entry]) -> None:
    """A line a recipe, and how many of its rows are in which state."""
    table = table_of("recipe", "paper", "what", "needs", "can run here", "rows")
    for entry in entries:
        states = ", ".join(f"{count} {state}" for state, count in entry.states.items())
        table.add_row(entry.name, entry.place, entry.what, ", ".join(entry.needs), entry.here, states)
    console().print(table)
    click.echo("\nrow by row: snnconv bench list RECIPE")


def print_rows(entries: Sequence[Entry]) -> None:
    """Row by row whether it runs here, and what it needs."""
    for entry in entries:
        click.echo(f"{entry.name}: {entry.place}, {entry.what}")
        table, group = table_of("", "", ""), ""
        for row in entry.rows:
            if row.group != group:
                group = row.group
                table.add_row(styled(group, "bold"))
            table.add_row(row.row, row.state, "" if row.why.startswith(row.state) else row.why)
        console().print(table)


def print_checks(checks: Sequence[RowCheck]) -> None:
    """What every row would run on, and what is missing for it."""
    table, group = table_of("", "", "inputs", "test", "training", ""), ""
    for check in checks:
        if check.group != group:
            group = check.group
            table.add_row(styled(group, "bold"))
        name = f"{check.row}, split {check.split}" if check.split else check.row
        shapes = " and ".join("×".join(map(str, shape)) for shape in check.shapes)
        parts = (f"{part[1]:,} of {Path(part[0]).name}" if part else "" for part in (check.test, check.train))
        table.add_row(name, check.state, shapes, *parts, check.why)
    console().print(table)


def print_run(run: PaperRun) -> None:
    """Two lines a row, published and measured; why something was not measured; what to know."""
    click.echo(f"{run.title} of {run.paper}\n{run.what}")
    if run.other:
        click.echo(f"not as published, but {run.other}")
    table = table_of("", "")
    for column in run.columns:
        table.add_column(column, justify="right", overflow="fold")
    table.add_column("")
    group = ""
    for row in run.rows:
        if row.group != group:
            group = row.group
            table.add_row(styled(group, "bold"), "published for it" if run.other else "")
        table.add_row(row.name, "published", *map(figure, row.published), row.note)
        anything = any(value is not None for value in row.measured)
        why = f"not run: {row.why}" if row.why else ""
        table.add_row("", "measured", *(map(figure, row.measured) if anything else ["" for _ in run.columns]), why)
        for split, figures in row.by_split.items():
            table.add_row("", f"  split {split}", *map(figure, figures))
    console().print(table)
    if run.note:
        click.echo(run.note)


def figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")


def console() -> VisibleConsole:
    """As wide as the terminal; elsewhere wide enough for one line a row."""
    return VisibleConsole(width=None if sys.stdout.isatty() else WIDE)
