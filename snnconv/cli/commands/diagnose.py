"""`snnconv diagnose`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

from ...bench.diagnose import PARTS, Diagnosis
from ..notices import telling
from ..options import conversion_options, model_options, normalization_options, run_options, shared_options
from ..output import print_json, require_free_folder

WIDE = 160
DEFAULT_T = 4  # of a model that is converted for this


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, metavar="DATA", help="Data to compare on: npz:FILE, imagefolder:DIR, fashion, …."
)
@click.option("--T", "T", type=int, help="Time steps  [default: those of the converted network, else 4]")
@click.option("--limit", type=int, help="Only the first so many samples.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=Path("snnconv-out/diagnose"),
              show_default=True, help="Folder for diagnose.json, .csv, .png and .svg.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace an earlier diagnosis in the folder.")
@conversion_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def diagnose(
    context: click.Context, model: str, data: str, T: int | None, target: Path, overwrite: bool, as_json: bool,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Say at which activation, how far and why a spiking network departs from its ANN.

    For every site: firing rate, silent neurons, steps at the limit β, negative spikes; the distance of the neurons'
    mean outputs from the ANN's activations, and what of it is inherited from the layers before, clipping,
    quantisation, and uneven input in time.

    MODEL is a converted network, or any model, which is then converted first with the options below.

    \b
    snnconv diagnose snn.pt2 --data npz:test.npz
    snnconv diagnose snn.pt2 --data imagefolder:val --T 8 --limit 500 -o out/
    snnconv diagnose model.pt --calib npz:train.npz --data npz:test.npz --method if
    """
    from ...bench.diagnose import check_time_steps
    from ...bench.diagnose import diagnose as run_diagnosis
    from .. import work

    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if T is not None:
        check_time_steps(T)
    with telling(quiet):
        require_free_folder(target, overwrite, Diagnosis.NAME)
        samples = work.test_data(data, options)
        snn = work.spiking(model, T or DEFAULT_T, options, typed)
        work.normalize_like(samples, snn, options)
        result = run_diagnosis(snn, samples, T=T, seed=options["seed"])
        files = result.save(target)
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        print_diagnosis(result)
        click.echo(f"plot: {files[2]}")


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """The sites, worst first, and what it comes to."""
    table = Table(box=None, header_style="bold", padding=(0, 1))
    table.add_column("site", overflow="fold")
    heads = ("spikes/step", "silent %", "at β %", "negative %", "|φ−a|", "= % of |a|")
    for column in (*heads, *PARTS):
        table.add_column(column, justify="right")
    for site in diagnosis.worst_first():
        shares = (f"{share:.1f}" for share in (site.silent, site.saturated, site.negative))
        errors = (site.relative(error) for error in (site.bias, *(site.absolute[part] for part in PARTS)))
        relative = ("–" if error is None else f"{error:.1f}" for error in errors)
        table.add_row(site.site, f"{site.firing_rate:.3f}", *shares, f"{site.bias:.3g}", *relative)
    # Not cut to 80 columns where nobody looks at a terminal: one line per site for grep and logs.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    click.echo(f"errors in % of the mean activation, T={diagnosis.T}, {diagnosis.samples:,} samples")
    if diagnosis.analog:
        click.echo(f"analog, without an error of their own: {', '.join(diagnosis.analog)}")
    if diagnosis.output_error is not None:
        agreement = "" if diagnosis.agreement is None else f", the same class for {diagnosis.agreement:.2f} %"
        click.echo(f"output: {diagnosis.output_error:.1f} % off the ANN's (L2){agreement}")
    click.echo(diagnosis.verdict)
