"""`snnconv sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole, styled
from ..measuring import steps_option
from ..options import grid_options, model_options, normalization_options, run_options, shared_options
from ..output import print_json
from ..sweeping import sweeping_options, swept

if TYPE_CHECKING:
    from ...bench import Row, Sweep


@click.command()
@click.argument("model")
@sweeping_options("sweep", "sweep.json, .csv, .png, .svg", steps_option)
@grid_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def sweep(context: click.Context, model: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Measure accuracy, spikes and energy against time steps, together with the ANN.

    MODEL is a converted network, or any other model, which is first converted with the options below. Lists of methods,
    α and β are crossed: every combination is one curve. α and β apply to the methods that have both.

    A run that was killed continues when you give the same command again. Under torchrun, each process takes a share of
    the batches; the results are the same.

    \b
    snnconv sweep snn.pt2 --data npz:test.npz --T 1,2,4,8,16 -o out/
    snnconv sweep torchvision:resnet18 --weights w.pth --calib imagefolder:train --data imagefolder:val
    snnconv sweep model.pt --calib npz:train.npz --data npz:test.npz --method if,sdm --alpha 0.2,0.5 --beta 2,5
    snnconv sweep model.pt --data npz:test.npz --method if,sdm,sdm:alpha=0.2,beta=5,auto --T 1..32 -o out/
    """
    from ..grids import settings_of

    result = swept(context, settings_of)
    if result is None:
        return
    target = options["target"]
    files = [target / f"{result.NAME}.{kind}" for kind in ("json", "csv", "png", "svg")]
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        print_sweep(result)
        click.echo(f"plot: {files[2]}")


LATENCY = "latency"
INTERVAL, WIDEST = "95 %", len("-10.0…+10.0")
COLUMNS = ("vs ANN", INTERVAL, "spikes/neuron", "synops", "energy mJ")
MANY = 8


def print_sweep(sweep: Sweep) -> None:
    """T, its latency where there is warm-up, accuracy and its distance from the ANN, spikes and their cost, curve after
    curve; then what they compete with. Intervals are of the distance from the ANN, on the same samples.
    """
    console = VisibleConsole(highlight=False)
    ann = sweep.ann_accuracy
    judged = "accuracy %" if sweep.metric == "top1" else f"{sweep.metric} %"
    columns = (*([LATENCY] if any(row.latency > row.T for row in sweep.rows) else []), judged, *COLUMNS)
    before = [""] * (len(columns) - len(COLUMNS) - 1)
    for number, curve in enumerate(sweep.curves):
        if len(sweep.curves) > 1:
            console.print(styled(curve.setting, "bold"), soft_wrap=True)
        table = table_of("T", columns, header=number == 0)
        for row in milestones(sweep.rows_of(curve.setting)):
            costs = (f"{row.spikes_per_neuron:.3f}", amount(row.synops), amount(row.energy))
            steps = [str(row.T), *(str(row.latency) for _ in before)]
            table.add_row(*steps, f"{row.accuracy:.2f}", f"{row.accuracy - ann:+.2f}", interval(row), *costs)
        console.print(table)
    table = table_of("", columns, header=False)
    for baseline in sweep.baselines:
        difference = f"{baseline.accuracy - ann:+.2f}"
        shown = (baseline.name, *before, f"{baseline.accuracy:.2f}", difference, "", "", "", amount(baseline.energy))
        table.add_row(*shown, style="dim")
    console.print(table)


def interval(row: Row) -> str:
    """Of 95 %, of the difference to the ANN."""
    if row.difference_low is None or row.difference_high is None:
        return ""
    return f"{row.difference_low:+.1f}…{row.difference_high:+.1f}"


def table_of(first: str, columns: Sequence[str], *, header: bool) -> Table:
    """Several such tables below each other look like one."""
    table = Table(box=None, show_header=header, header_style="bold", padding=(0, 1))
    table.add_column(first, justify="right", min_width=8)
    for column in columns:
        table.add_column(column, justify="right", min_width=WIDEST if column == INTERVAL else len(column))
    return table


def milestones(rows: list[Row]) -> list[Row]:
    """Where there are many, powers of two and the last; the files hold all."""
    if len(rows) <= MANY:
        return rows
    return [row for row in rows if row.T & (row.T - 1) == 0 or row is rows[-1]]


def amount(value: float | None) -> str:
    """Three digits that matter and a unit prefix."""
    if value is None:
        return ""
    size, prefix = next(((size, p) for size, p in ((1e9, " G"), (1e6, " M"), (1e3, " k")) if value >= size), (1.0, ""))
    return f"{value / size:.3g}{prefix}"
