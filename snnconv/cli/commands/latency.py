"""`snnconv latency`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..measuring import data_option, measure, measuring_options
from ..options import WHOLE

if TYPE_CHECKING:
    from ...bench._latency import Latency, Step


@click.command()
@click.argument("model")
@data_option
@click.option("--within", type=float, default=0.5, show_default=True,
              help="Accepted loss of accuracy against the ANN, in percentage points.")  # fmt: skip
@click.option("--T", "T", type=WHOLE, default=32, show_default=True, help="The longest run, in time steps.")
@measuring_options("latency")
@click.pass_context
def latency(context: click.Context, within: float, T: int, seed: int, **_: Any) -> None:
    """Find the smallest number of time steps at which the spiking network is as accurate as its ANN.

    From this step on, the accuracy is close enough and stays so up to --T. Warm-up steps of a method are counted too.
    The result also shows early exit: every sample stops as soon as one class has the given probability. The confidences
    are a fixed grid: choose one on other samples than those on which you judge it.

    MODEL is a converted network, or any other model, which is first converted with the options below.

    \b
    snnconv latency snn.pt2 --data npz:test.npz --within 0.5
    snnconv latency torchvision:resnet18 --weights w.pth --calib imagefolder:train --data imagefolder:val --T 16
    """
    from ...bench import Latency
    from ...bench._latency import check_latency
    from ...bench._latency import latency as run_latency

    check_latency(within, T)
    measure(context, Latency, print_latency, lambda snn, data: run_latency(snn, data, within=within, T=T, seed=seed), T)


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
        VisibleConsole().print(table)
        click.echo()
    click.echo(latency.verdict)


def milestones(latency: Latency) -> list[Step]:
    """Powers of two, the last step, and those that the verdict names."""
    named = {latency.first, latency.needed, latency.rows[-1].latency}
    return [row for row in latency.rows if row.steps & (row.steps - 1) == 0 or row.latency in named]
