"""`snnconv diagnose`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..measuring import T_option, data_option, measure, measuring_options

if TYPE_CHECKING:
    from ...bench._diagnose import Diagnosis

WIDE = 160


@click.command()
@click.argument("model")
@data_option
@T_option
@measuring_options("diagnose")
@click.pass_context
def diagnose(context: click.Context, T: int | None, seed: int, **_: Any) -> None:
    """Show at which activation, how far and why a spiking network departs from its ANN.

    For every site, the table shows the firing rate, silent neurons, steps at the limit β and negative spikes. It also
    shows the distance of the neurons' mean outputs from the ANN's activations, and how much of it comes from the layers
    before, from clipping, from quantisation, and from uneven input in time.

    MODEL is a converted network, or any other model, which is first converted with the options below.

    \b
    snnconv diagnose snn.pt2 --data npz:test.npz
    snnconv diagnose snn.pt2 --data imagefolder:val --T 8 --limit 500 -o out/
    snnconv diagnose model.pt --calib npz:train.npz --data npz:test.npz --method if
    """
    from ...bench import Diagnosis
    from ...bench._diagnose import diagnose as run_diagnosis
    from ...steps import checked_steps

    if T is not None:
        checked_steps(T)
    measure(context, Diagnosis, print_diagnosis, lambda snn, data: run_diagnosis(snn, data, T=T, seed=seed), T)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """The sites, worst first, and what it comes to."""
    from ...bench._diagnose import PARTS

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
    VisibleConsole(width=None if sys.stdout.isatty() else WIDE).print(table)
    click.echo(f"errors in % of the mean activation, {diagnosis.time}, {diagnosis.samples:,} samples")
    if diagnosis.analog:
        click.echo(f"analog, without an error of their own: {', '.join(diagnosis.analog)}")
    if diagnosis.output_error is not None:
        agreement = "" if diagnosis.agreement is None else f", the same class for {diagnosis.agreement:.2f} %"
        click.echo(f"output: {diagnosis.output_error:.1f} % off the ANN's (L2){agreement}")
    click.echo(diagnosis.verdict)
