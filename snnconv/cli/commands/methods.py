"""`snnconv methods`."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..output import print_json

WIDE = 200


@click.command()
@click.argument("name", required=False)
@click.option("--training-free", is_flag=True, help="List only methods whose ANN needs no training of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def methods(name: str | None, training_free: bool, as_json: bool) -> None:
    """List the conversion methods: what each needs, its neuron and thresholds, and the steps that count as latency.

    With NAME, the command shows everything about that method: its options with their defaults, the equations of its
    neuron, and the recipes with its published figures.

    \b
    snnconv methods --training-free
    snnconv methods cos
    snnconv methods --json
    """
    if name is not None:
        if training_free:
            raise click.UsageError("--training-free goes with the list, not with one method")
        show(name, as_json)
        return
    from ...methods import METHODS
    from ..method_row import row_of

    rows = [row_of(METHODS[known]) for known in METHODS]
    rows = [row for row in rows if row["needs"] == "nothing" or not training_free]
    if as_json:
        print_json({"methods": rows})
        return
    print_table(rows)
    click.echo("snnconv methods NAME: options, equations and published figures of one of them")


def show(name: str, as_json: bool) -> None:
    from ..method_page import lines_of, page_of

    page = page_of(name)
    if as_json:
        print_json(page.to_dict())
    else:
        click.echo("\n".join(lines_of(page)))


def print_table(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", padding=(0, 1))
    columns = ("method", "year", "trained for", "neuron", "thresholds", "latency", "what", "source")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("method", "year", "trained for"))
    for row in rows:
        values = {**row, "latency": f"{row['warm_up']} + T" if row["warm_up"] else "T"}
        values |= {"thresholds": f"{row['threshold']} per {row['granularity']}", "what": row["summary"]}
        values |= {"trained for": "" if row["needs"] == "nothing" else row["needs"]}
        table.add_row(*("" if values[column] is None else str(values[column]) for column in columns))
    VisibleConsole(width=None if sys.stdout.isatty() else WIDE).print(table)
