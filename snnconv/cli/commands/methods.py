"""`snnconv methods`."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ..output import print_json

WIDE = 200


@click.command()
@click.option("--training-free", is_flag=True, help="Only methods whose ANN needs no training of its own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def methods(training_free: bool, as_json: bool) -> None:
    """List the conversion methods: what each needs, its neuron and thresholds, and steps that count as latency.

    \b
    snnconv methods --training-free
    snnconv methods --json
    """
    from ...methods import METHODS

    rows = [row_of(METHODS[name]) for name in METHODS]
    rows = [row for row in rows if row["needs"] == "nothing" or not training_free]
    if as_json:
        print_json({"methods": rows})
        return
    table = Table(box=None, header_style="bold", padding=(0, 1))
    columns = ("method", "year", "trained for", "neuron", "thresholds", "latency", "what", "source")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("method", "year", "trained for"))
    for row in rows:
        values = {**row, "latency": f"{row['warm_up']} + T" if row["warm_up"] else "T"}
        values |= {"thresholds": f"{row['threshold']} per {row['granularity']}", "what": row["summary"]}
        values |= {"trained for": "" if row["needs"] == "nothing" else row["needs"]}
        table.add_row(*("" if values[column] is None else str(values[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def row_of(method: Any) -> dict[str, Any]:
    """A method as plain data."""
    threshold = method.threshold if isinstance(method.threshold, str) else "custom"
    return {
        "method": method.name,
        "year": method.year,
        "needs": method.needs,
        "neuron": method.neuron,
        "options": method.neuron_options(),
        "threshold": threshold,
        "granularity": method.granularity,
        "warm_up": method.warm_up_steps,
        "at_T": method.for_one_T,
        "calibrations": list(method.calibrations),
        "maxpool": method.maxpool,
        "summary": method.summary,
        "source": method.source,
    }
