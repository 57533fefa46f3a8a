"""`snnconv latency`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

from ...bench.latency import Latency, Step
from ..notices import telling
from ..options import conversion_options, model_options, normalization_options, run_options, shared_options
from ..output import print_json, require_free_folder


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, metavar="DATA", help="Labelled test data: npz:FILE, imagefolder:DIR, fashion, …."
)
@click.option("--within", type=float, default=0.5, show_default=True,
              help="How many percentage points below the ANN are near enough.")  # fmt: skip
@click.option("--T", "T", type=int, default=32, show_default=True, help="The longest run, in time steps.")
@click.option("--limit", type=int, help="Only the first so many test samples.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=Path("snnconv-out/latency"),
              show_default=True, help="Folder for latency.json, .csv, .png and .svg.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace an earlier measurement in the folder.")
@conversion_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def latency(
    context: click.Context, model: str, data: str, within: float, T: int, target: Path, overwrite: bool, as_json: bool,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Find the smallest number of time steps at which the spiking network is as accurate as its ANN.

    It counts from where the accuracy is near enough and stays so up to --T; warm-up steps of a method are counted too.
    Below it, early exit: every sample stops as soon as one class has the given probability. The confidences are a
    fixed grid: choose one on other samples than those it is judged on.

    MODEL is a converted network, or any model, which is then converted first with the options below.

    \b
    snnconv latency snn.pt2 --data npz:test.npz --within 0.5
    snnconv latency torchvision:resnet18 --weights w.pth --calib imagefolder:train --data imagefolder:val --T 16
    """
    from ...bench.latency import check_latency
    from ...bench.latency import latency as measure
    from .. import work

    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    check_latency(within, T)
    with telling(quiet):
        require_free_folder(target, overwrite, Latency.NAME)
        samples = work.test_data(data, options)
        snn = work.spiking(model, T, options, typed)
        work.normalize_like(samples, snn, options)
        result = measure(snn, samples, within=within, T=T, seed=options["seed"])
        files = result.save(target)
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        print_latency(result)
        click.echo(f"plot: {files[2]}")


def print_latency(latency: Latency) -> None:
    """Some of the time steps, early exits, and what it comes to."""
    fixed = Table(box=None, header_style="bold", padding=(0, 2))
    for column in ("T", "accuracy %", "vs ANN"):
        fixed.add_column(column, justify="right")
    for row in milestones(latency):
        fixed.add_row(str(row.latency), f"{row.accuracy:.2f}", f"{row.accuracy - latency.ann_accuracy:+.2f}")
    fixed.add_row("ANN", f"{latency.ann_accuracy:.2f}", "", style="dim")
    early = Table(box=None, header_style="bold", padding=(0, 2))
    for column in ("confidence", "mean T", "accuracy %", "vs ANN", "stopped early %"):
        early.add_column(column, justify="right")
    for row in latency.exits:
        difference = f"{row.accuracy - latency.ann_accuracy:+.2f}"
        early.add_row(
            f"{row.confidence:g}", f"{row.latency:.2f}", f"{row.accuracy:.2f}", difference, f"{row.early:.1f}"
        )
    for table in (fixed, early):
        Console().print(table)
        click.echo()
    click.echo(latency.verdict)


def milestones(latency: Latency) -> list[Step]:
    """Powers of two, the last step, and those that the verdict names."""
    named = {latency.first, latency.needed, latency.rows[-1].latency}
    return [row for row in latency.rows if row.steps & (row.steps - 1) == 0 or row.latency in named]
