"""What commands print: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ..bench import Sweep
from ..convert.preflight import Report
from ..errors import InputError

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
    Console().print(table)
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


def require_free_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder with an earlier sweep in it.

    Raises:
        InputError: there is one, or the path is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("the output folder is a file", where=str(folder))
    if (folder / "sweep.json").exists() and not overwrite:
        raise InputError(
            "the folder holds a sweep already", where=str(folder), remedy="choose another with -o, or pass --overwrite"
        )
