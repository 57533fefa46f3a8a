"""`snnconv inspect`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole, styled
from ..notices import telling
from ..options import maxpool_option, model_options, shared_options
from ..output import print_json

if TYPE_CHECKING:
    from ...convert.preflight import Report
    from ...cost.bits import Bits

WIDE = 160
LAYER_COLUMNS = ("layer", "weight bits", "input bits", "sum bits")
SITE_COLUMNS = ("site", "threshold bits", "spikes", "potential bits")
COLOURS = {"exact": "green", "approximate": "yellow", "analog": "cyan", "unsupported": "red"}


@click.command()
@click.argument("model")
@model_options
@maxpool_option
@shared_options
def inspect(model: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Show what becomes of every activation, pooling, norm and merge of MODEL. The command changes nothing.

    Of a network that was converted with --weight-bits it also shows the bits of every layer and site.

    \b
    snnconv inspect torchvision:googlenet
    snnconv inspect weights.pth --arch snnconv:cifar_resnet20 --input-shape 3,32,32 --json
    """
    from ...convert.api import inspect as inspect_model
    from ...cost.bits import bits
    from ...io.snn_file import is_converted, rebuild
    from .. import work

    with telling(quiet):
        found = work.open_named(model, options)
        report = inspect_model(found.model, input_shape=options["input_shape"], maxpool=options["maxpool"])
        snn = rebuild(found.model, found.extra, model) if is_converted(found.extra) else None  # type: ignore[arg-type]
        found_bits = bits(snn) if snn is not None and snn.is_whole else None
    if as_json:
        more = {} if found_bits is None else {"bits": found_bits.to_dict()}
        print_json({"model": found.description, **report.to_dict(), **more})
    else:
        print_report(report)
        if found_bits is not None:
            print_bits(found_bits)


def print_bits(found: Bits) -> None:
    """Bits of a network of whole numbers, and the hardware that holds them."""
    layers, sites = (Table(box=None, header_style="bold", padding=(0, 1)) for _ in range(2))
    for table, columns in ((layers, LAYER_COLUMNS), (sites, SITE_COLUMNS)):
        for column in columns:
            table.add_column(column, justify="left" if column in ("layer", "site") else "right")
    for layer in found.layers:
        layers.add_row(layer.layer, *map(str, (layer.weights, layer.inputs, layer.sums)))
    for site in found.sites:
        low, high = site.spikes
        sites.add_row(site.site, str(site.threshold), f"{low} … {high}".replace("-", "−"), str(site.potential))
    console = VisibleConsole(width=None if sys.stdout.isatty() else WIDE)
    console.print(layers)
    console.print(sites)
    if found.analog:
        click.echo(f"not whole: {', '.join(found.analog)}")
    held, not_held = ([name for name, fits in found.fits.items() if fits is wanted] for wanted in (True, False))
    click.echo(f"weights and potentials fit {', '.join(held) or 'none of'}{'; not ' * bool(held and not_held)}"
               f"{' ' * (not held)}{', '.join(not_held)}")  # fmt: skip


def print_report(report: Report) -> None:
    """The pre-flight as a table, remedies below it."""
    table = Table(box=None, header_style="bold", padding=(0, 1))
    for column in ("site", "kind", "operation", "verdict", "what becomes of it", "where"):
        table.add_column(column, overflow="fold", no_wrap=column in ("verdict", "kind"))
    for entry in report.entries:
        verdict = styled(entry.verdict, COLOURS[entry.verdict])
        place = entry.source.partition(": ")[0]
        detail = entry.detail if entry.macs is None else f"{entry.detail}; {entry.macs:,} MACs a step"
        table.add_row(entry.site, entry.kind, entry.operation, verdict, detail, "/".join(place.split("/")[-2:]))
    # Not cut to 80 columns where nobody looks at a terminal: one line per site for grep and logs.
    VisibleConsole(width=None if sys.stdout.isatty() else WIDE).print(table)
    for entry in report.unsupported:
        click.echo(f"{entry.site}: {entry.detail}\n  where: {entry.source}\n  remedy: {entry.remedy}")
    for line in report.sizes.described() if report.sizes else ():
        click.echo(line)
    converted, total = report.activations
    click.echo(f"{converted} of {total} activations can spike")
    if report.analog:
        macs = sum(entry.macs or 0 for entry in report.analog)
        counted = "1 operation is" if len(report.analog) == 1 else f"{len(report.analog)} operations are"
        click.echo(f"{counted} by nature analog: at least {macs:,} MACs a step")
