"""`snnconv sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

from ...bench import Sweep
from ..notices import telling
from ..options import conversion_options, model_options, normalization_options, run_options, shared_options
from ..output import print_json, require_free_folder


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, metavar="DATA", help="Labelled test data: npz:FILE, imagefolder:DIR, fashion, …."
)
@click.option("--T", "steps", default="1,2,4,8,16", show_default=True, help="Time steps, as 1,2,4 or 1..8.")
@click.option("--limit", type=int, help="Only the first so many test samples.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=Path("snnconv-out/sweep"),
              show_default=True, help="Folder for sweep.json, .csv, .png and .svg.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace an earlier sweep in the folder.")
@conversion_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def sweep(
    context: click.Context, model: str, data: str, steps: str, target: Path, overwrite: bool, as_json: bool,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Measure accuracy and spikes against time steps, the ANN beside it.

    MODEL is a converted network, or any model, which is then converted first with the options below.

    \b
    snnconv sweep snn.pt2 --data npz:test.npz --T 1,2,4,8,16 -o out/
    snnconv sweep torchvision:resnet18 --weights w.pth --calib imagefolder:train --data imagefolder:val
    """
    from ...bench import parse_steps
    from ...bench import sweep as run_sweep
    from .. import work

    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    times = parse_steps(steps)
    with telling(quiet):
        require_free_folder(target, overwrite)
        samples = work.test_data(data, options)
        snn = work.spiking(model, times[-1], options, typed)
        work.normalize_like(samples, snn, options)
        result = run_sweep(snn, samples, times, seed=options["seed"])
        files = result.save(target)
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        print_sweep(result)
        click.echo(f"plot: {files[2]}")


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
