"""`snnconv verify`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.table import Table

from ...console import VisibleConsole, styled
from ..notices import telling
from ..options import WHOLE, bare_setting_options, model_options, normalization_options, shared_options, spike_options
from ..output import print_json, results_in

if TYPE_CHECKING:
    from ...verification import Verification

WIDE = 160


@click.command()
@click.argument("model")
@click.option("--data", metavar="DATA", help="Inputs: npz:FILE, imagefolder:DIR, fashion, …  [default: Gaussian]")
@click.option("--T", "T", type=WHOLE, default=32, show_default=True, help="Time steps, at least 4.")
@click.option("--samples", type=click.IntRange(1, 2**31), default=4, show_default=True, help="Samples used at most.")
@click.option("--within", type=float, metavar="FRACTION", help="Largest error of the output at T, for example 0.02 "
              "for 2 %  [default: 4 times what rounding to spikes costs; with --method, and for a converted network, "
              "16 times]")  # fmt: skip
@click.option("-o", "--output", "target", type=click.Path(path_type=Path),
              help="Folder for verify.json, .csv, .png and .svg  [default: no files are written]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace an earlier result of verify in the folder.")
@click.option("--method", help="auto, sdm, …; 'snnconv methods' lists them  [default: sdm-zero with α = 1/15, "
              "β = 15, the largest activation of each layer as threshold]")  # fmt: skip
@spike_options
@bare_setting_options
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, …")
@normalization_options
@model_options
@shared_options
@click.pass_context
def verify(
    context: click.Context, model: str, data: str | None, T: int, samples: int, within: float | None,
    target: Path | None, overwrite: bool, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Check that MODEL converts faithfully; the exit code is 1 if a check fails.

    These checks run on a few samples: every activation site spikes; the graph that conversion starts from is the same
    function as the model (1e-5 in float64), and so is the spiking network if spikes are not rounded; what passes
    between neurons depends on mean spikes alone; thresholds cut off almost nothing; the error falls with time, and at T
    it is below a bound; spikes are whole numbers; the saved network is the same, bit for bit. The verified inputs also
    set the thresholds.

    MODEL is any model, or a converted network. A converted network is verified with its own thresholds and settings.
    A .nir file that 'snnconv export' wrote is run by an interpreter of its own and, where it is installed, by the tool
    that it was written for: outputs and the spikes of every layer have to agree.

    \b
    snnconv verify torchvision:resnet18 --weights resnet18.pth --data imagefolder:val
    snnconv verify snnconv:fashion_cnn --arch-arg pretrained=true --data fashion:test --within 0.02
    snnconv verify model.onnx --json
    snnconv verify model.snn.pt2 --data npz:test.npz --T 16 -o out/
    snnconv verify net.nir
    """
    from torch import nn

    from ...io.stored import stored_normalization
    from ...opening import load_converted
    from ...verification import Verification
    from ...verification import verify as run_verification
    from .. import work

    if model.endswith(".nir"):
        given = context.get_parameter_source("T") is ParameterSource.COMMANDLINE
        context.exit(of_nir(model, data, T if given else None, samples, target, as_json, quiet, options))
    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    place = nullcontext() if target is None else results_in(target, overwrite, Verification.NAME)
    with telling(quiet), place:
        found = work.open_named(model, options)
        normalization = work.normalization_of(options) or stored_normalization(found)
        inputs = work.data_of(data, normalization, samples, samples, options, found.model)
        network: Any = load_converted(found, model, work.conversion_of({**options, "dtype": "float32"}, typed))
        chosen: dict[str, Any] = {}
        if network is None:
            network = (
                found.model.to(work.device_of(options["device"])) if isinstance(found.model, nn.Module) else found.model
            )
            chosen = {name: options[name] for name in work.CONVERSION_OPTIONS}
        result = run_verification(
            network, inputs, input_shape=options["input_shape"], T=T, samples=samples, within=within,
            seed=options["seed"], name=found.description, **chosen,
        )  # fmt: skip
        files = [] if target is None else result.save(target)
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        show(result)
        if files:
            click.echo(f"plot: {files[2]}")
    context.exit(0 if result.held else 1)


def of_nir(
    path: str, data: str | None, T: int | None, samples: int, target: Path | None, as_json: bool, quiet: bool,
    options: dict[str, Any],
) -> int:  # fmt: skip
    """Run the file wherever it runs; the exit code."""
    from ...errors import InputError
    from ...export.nir.agreement import run_everywhere
    from .. import work

    if target is not None:
        raise InputError("of a NIR file no folder is written", got=f"-o {target}", remedy="--json prints everything")
    with telling(quiet):
        inputs = work.data_of(data, work.normalization_of(options), samples, samples, options)
        found = run_everywhere(path, T, data=inputs, samples=samples, seed=options["seed"])
    if as_json:
        print_json(found.to_dict())
        return 1 if found.differing else 0
    for run in found.runs:
        events = None if run.spikes is None else sum(map(sum, run.spikes.values()))
        told = run.skipped or f"{events:,} spikes in {len(run.spikes or {})} layers, outputs differ by {run.error:.1e}"
        click.echo(f"{run.runtime}: {told}")
    same = "; ".join(found.differing) or "the same spikes in every layer"
    click.echo(
        f"{path}, {found.samples} samples, T = {found.T}: {same if found.compared else 'nothing to compare with'}"
    )
    return 1 if found.differing else 0


def show(result: Verification) -> None:
    """The checks, the error over time, and what cannot be converted or stays analog."""
    # Not cut to 80 columns where nobody looks at a terminal: one line per check for grep and logs.
    console = VisibleConsole(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    console.print(checks(result), "")
    if result.snn_error:
        console.print(course(result), "")
    if result.analog:
        console.print(operators(result), "")
    for entry in result.unsupported:
        places = [f"\n  {name}: {entry[name]}" for name in ("source", "remedy") if entry[name]]
        click.echo(f"{entry['site']}: {entry['detail']}{''.join(places)}\n")
    click.echo(f"{result.model}, {result.samples} samples of {result.data}: {result.verdict}")


def checks(result: Verification) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for check in result.checks:
        mark = styled("✓ holds", "green") if check.held else styled("✗ fails", "red")
        got = check.got if check.held else f"{check.got}\nexpected {check.expected}"
        table.add_row(mark, check.name, got)
    return table


def course(result: Verification) -> Table:
    """The relative error of the mean output after T steps."""
    slope = "" if result.slope is None else f"slope {result.slope:.2f}, −1 is 1/T".replace("-", "−")
    table = Table(box=None, header_style="bold", padding=(0, 1))
    for column in ("T", *map(str, result.snn_error), ""):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_row("error %", *(f"{100 * error:.3g}" for error in result.snn_error.values()), slope)
    return table


def operators(result: Verification) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1))
    table.add_column(f"{len(result.analog)} operators are analog by nature")
    table.add_column("operation")
    table.add_column("MACs a step", justify="right")
    for entry in result.analog:
        macs = "–" if entry["macs"] is None else f"{entry['macs']:,}"
        table.add_row(entry["site"], entry["operation"], macs)
    return table
