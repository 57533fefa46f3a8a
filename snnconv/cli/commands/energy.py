"""`snnconv energy`."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ...bench.energy import Energy, unit_of
from ..measuring import T_option, data_option, energy_model_option, measure, measuring_options

WIDE = 120
APART = {
    "encoder_macs": "MACs before the first neuron",
    "analog_macs": "MACs of analog values",
    "residual_macs": "MACs of quanta at residual adds",
    "norm_macs": "MACs of norms",
    "synops": "synaptic operations",
    "bias_adds": "bias additions",
    "neuron_updates": "neuron updates",
    "pool_updates": "pooling updates",
    "spikes": "spikes",
}


@click.command()
@click.argument("model")
@data_option
@T_option
@click.option("--convention", default="mac", show_default=True,
              help="What is counted: mac, mac+bias, fvcore-eval, fvcore-train or mmcv.")  # fmt: skip
@click.option("--count", type=click.Choice(["exact", "rate"]), default="exact", show_default=True,
              help="Every spike times its fan-out, or firing rate × dense operations.")  # fmt: skip
@energy_model_option
@click.option("--encoder", type=click.Choice(["once", "per-step"]), default="once", show_default=True,
              help="How often layers before the first neuron are computed.")  # fmt: skip
@measuring_options("energy")
@click.pass_context
def energy(
    context: click.Context, T: int | None, convention: str, count: str, energy_model: str, encoder: str, seed: int,
    **_: Any,
) -> None:  # fmt: skip
    """Compare what a spiking network and its ANN cost, in FP32 and quantised, each with its accuracy.

    MODEL is a converted network, or any model, which is then converted first with the options below.

    \b
    snnconv energy snn.pt2 --data npz:test.npz
    snnconv energy snn.pt2 --data npz:test.npz --T 8 --energy-model memory -o out/
    snnconv energy snn.pt2 --data npz:test.npz --energy-model mychip.toml --convention mac+bias
    snnconv energy model.pt --calib npz:train.npz --data npz:test.npz --method sdm --count rate --encoder per-step
    """
    from ...bench import check_steps
    from ...bench.count import CONVENTIONS
    from ...bench.energy import energy as measure_energy
    from ...bench.energy import energy_model as find_energy_model

    chosen, convention = find_energy_model(energy_model), CONVENTIONS[convention].name
    if T is not None:
        check_steps([T])
    choices: dict[str, Any] = {"convention": convention, "count": count, "encoder": encoder, "energy_model": chosen}
    measure(context, Energy, print_energy, lambda snn, data: measure_energy(snn, data, T=T, seed=seed, **choices), T)


def print_energy(energy: Energy) -> None:
    """The networks, what the spiking one's operations are, and who wins."""
    unit, size = unit_of([row.energy_mJ for row in energy.rows])
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("network", no_wrap=True)
    for column in ("accuracy %", "MACs", "integer MACs", "ACs", unit, "of ANN"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in energy.rows:
        counts = (amount(number) for number in (row.macs, row.int_macs, row.acs))
        share = "" if row.of_ann is None else f"{100 * row.of_ann:.1f} %"
        table.add_row(row.name, f"{row.accuracy:.2f}", *counts, f"{row.energy_mJ / size:.4g}", share)
    console = Console(width=WIDE)
    console.print(table)
    how = f"convention {energy.convention}, count {energy.count}, encoder {energy.encoder}"
    click.echo(f"per sample, {energy.samples:,} samples; energy model {energy.energy_model['name']}, {how}")
    apart = ", ".join(f"{amount(energy.apart[key])} {name}" for key, name in APART.items() if energy.apart[key])
    click.echo(f"{energy.rows[-1].name}: {apart}")
    if energy.unsupported:
        missing = ", ".join(f"{name} ×{times}" for name, times in energy.unsupported.items())
        click.echo(f"not counted: {missing}")
    click.echo(energy.verdict)


def amount(number: float) -> str:
    """`28.04 M`; nothing for 0."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.4g} {unit}"
    return f"{number:.4g}" if number else ""
