"""What commands print: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ..bench import Sweep
from ..bench.count import Count
from ..convert.preflight import Report
from ..errors import InputError

WIDE = 160
COLOURS = {"exact": "green", "approximate": "yellow", "unsupported": "red"}


def print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))


def print_report(report: Report) -> None:
    """The pre-flight as a table, remedies below it."""
    table = Table(box=None, header_style="bold", padding=(0, 1))
    for column in ("site", "kind", "operation", "verdict", "what becomes of it", "where"):
        table.add_column(column, overflow="fold", no_wrap=column in ("verdict", "kind"))
    for entry in report.entries:
        colour = COLOURS[entry.verdict]
        verdict = f"[{colour}]{entry.verdict}[/{colour}]"
        place = entry.source.partition(": ")[0]
        table.add_row(entry.site, entry.kind, entry.operation, verdict, entry.detail, "/".join(place.split("/")[-2:]))
    # Not cut to 80 columns where nobody looks at a terminal: one line per site for grep and logs.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    for entry in report.unsupported:
        click.echo(f"{entry.site}: {entry.detail}\n  where: {entry.source}\n  remedy: {entry.remedy}")
    converted, total = report.activations
    click.echo(f"{converted} of {total} activations can spike")


def print_sweep(sweep: Sweep) -> None:
    """T, accuracy, its distance from the ANN, spikes."""
    table = Table(box=None, header_style="bold", padding=(0, 2))
    for column in ("T", "accuracy %", "vs ANN", "spikes/neuron", "spikes/sample"):
        table.add_column(column, justify="right")
    for row in sweep.rows:
        difference = f"{row.accuracy - sweep.ann_accuracy:+.2f}"
        table.add_row(
            str(row.T), f"{row.accuracy:.2f}", difference, f"{row.spikes_per_neuron:.3f}", f"{row.spikes:,.0f}"
        )
    table.add_row("ANN", f"{sweep.ann_accuracy:.2f}", "", "", "", style="dim")
    Console().print(table)


def print_count(count: Count) -> None:
    """Operations by layer, the totals, and what no rule knows."""
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("layer")
    table.add_column("operations", justify="right")
    for name, amount in count.by_layer.items():
        table.add_row(name, f"{amount:,}")
    Console().print(table)
    shapes = " and ".join(str(list(shape)) for shape in count.input_shape)
    click.echo(f"{count.ops / 1e9:,.4f} G operations ({count.convention}) for one input {shapes}")
    click.echo(f"{count.parameters:,} parameters")
    if count.unsupported:
        missing = ", ".join(f"{name} ×{times}" for name, times in count.unsupported.items())
        click.echo(f"not counted: {missing}")


def require_free_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder with an earlier sweep in it, and one that cannot be written, before the work rather than after.

    Raises:
        InputError: there is an earlier sweep, the path is a file, or the folder cannot be made or written.
    """
    if folder.is_file():
        raise InputError("the output folder is a file", where=str(folder))
    standing = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        got = "no permission to write" if standing.is_dir() else f"{standing} is a file"
        raise InputError("cannot write into the output folder", got=got, where=str(folder))
    if (folder / "sweep.json").exists() and not overwrite:
        raise InputError(
            "the folder holds a sweep already", where=str(folder), remedy="choose another with -o, or pass --overwrite"
        )
