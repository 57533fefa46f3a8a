"""`snnconv energy`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..measuring import T_option, data_option, energy_model_option, measure_network, measuring_options

if TYPE_CHECKING:
    from torch import nn

    from ...cost.energy import Energy, EnergyRow
    from ...data import DataSource

WIDE = 120
APART = {
    "encoder_macs": "MACs before the first neuron",
    "analog_macs": "MACs of analog values",
    "residual_macs": "MACs of products element by element",
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
              help="exact: every spike times its fan-out; rate: firing rate × dense operations.")  # fmt: skip
@energy_model_option
@click.option("--encoder", type=click.Choice(["once", "per-step"]), default="once", show_default=True,
              help="How often the layers before the first neuron are computed.")  # fmt: skip
@click.option("--layers", is_flag=True, help="Also print every layer: firing rate, dense MACs, ACs, MACs, energy.")
@measuring_options("energy")
@click.pass_context
def energy(
    context: click.Context, T: int | None, convention: str, count: str, energy_model: str, encoder: str, layers: bool,
    seed: int, **_: Any,
) -> None:  # fmt: skip
    """Compare the costs of a spiking network and of its ANN, in FP32 and quantised, each with its accuracy.

    MODEL is a converted network, a network that spikes by itself (snnconv:respike, snnconv:svformer), or any other
    model, which is first converted with the options below.

    \b
    snnconv energy snn.pt2 --data npz:test.npz
    snnconv energy snn.pt2 --data npz:test.npz --T 8 --energy-model memory -o out/
    snnconv energy snn.pt2 --data npz:test.npz --energy-model mychip.toml --convention mac+bias
    snnconv energy model.pt --calib npz:train.npz --data npz:test.npz --method sdm --count rate --encoder per-step
    snnconv energy snnconv:svformer --weights trained.safetensors --data ucf101:DIR:test1 --layers
    """
    from ...bench import check_steps
    from ...cost.dense import CONVENTIONS
    from ...cost.energy import Energy
    from ...cost.energy import energy as measure_energy
    from ...cost.energy import energy_model as find_energy_model
    from ...opening import load_spiking
    from .. import work

    chosen, convention = find_energy_model(energy_model), CONVENTIONS[convention].name
    if T is not None:
        check_steps([T])
    choices: dict[str, Any] = {"convention": convention, "count": count, "encoder": encoder, "energy_model": chosen}

    def prepare(samples: DataSource, options: dict[str, Any], typed: set[str]) -> nn.Module:
        found = work.open_named(options["model"], options)
        further = typed & {"encoder"}  # how inputs are coded, which a network that spikes by itself decides
        return load_spiking(found, options["model"], work.conversion_of(options, typed, T), samples, further)

    measure_network(
        context,
        Energy,
        partial(print_energy, layers=layers),
        prepare,
        lambda network, data: measure_energy(network, data, T=T, seed=seed, **choices),
    )


def network_table(rows: Sequence[EnergyRow]) -> Table:
    from ...cost.energy import unit_of

    unit, size = unit_of([row.energy_mJ for row in rows])
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("network", no_wrap=True)
    for column in ("accuracy %", "MACs", "integer MACs", "ACs", unit, "of ANN"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        counts = (amount(number) for number in (row.macs, row.int_macs, row.acs))
        share = "" if row.of_ann is None else f"{100 * row.of_ann:.1f} %"
        accuracy = "" if row.accuracy is None else f"{row.accuracy:.2f}"
        table.add_row(row.name, accuracy, *counts, f"{row.energy_mJ / size:.4g}", share)
    return table


def layer_table(energy: Energy) -> Table:
    """What every layer of the spiking network costs, per sample."""
    from ...cost.energy import unit_of

    unit, size = unit_of([layer["energy_mJ"] for layer in energy.by_layer.values()])
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("layer", no_wrap=True)
    for column in ("rate", "dense MACs", "ACs", "MACs", unit):
        table.add_column(column, justify="right", no_wrap=True)
    for name, layer in energy.by_layer.items():
        if not any(layer.get(key) for key in ("dense_macs", "acs", "macs", "energy_mJ")):
            continue  # neurons, whose updates the model does not price
        rate = f"{layer['rate']:.4f}" if "rate" in layer else ""
        counts = (amount(layer.get(key, 0.0)) for key in ("dense_macs", "acs", "macs"))
        table.add_row(name, rate, *counts, f"{layer['energy_mJ'] / size:.4g}")
    return table


def print_energy(energy: Energy, layers: bool = False) -> None:
    """The networks, what the spiking one's operations are, who wins, and what the papers' arithmetic gives."""
    console = VisibleConsole(width=WIDE)
    console.print(network_table(energy.rows))
    if layers:
        console.print(layer_table(energy))
    how = f"convention {energy.convention}, count {energy.count}, encoder {energy.encoder}"
    click.echo(f"per sample, {energy.samples:,} samples; energy model {energy.energy_model['name']}, {how}")
    apart = ", ".join(f"{amount(energy.apart[key])} {name}" for key, name in APART.items() if energy.apart[key])
    click.echo(f"{energy.rows[-1].name}: {apart}")
    if energy.unsupported:
        missing = ", ".join(f"{name} ×{times}" for name, times in energy.unsupported.items())
        click.echo(f"not counted: {missing}")
    for accounting in energy.accountings:
        click.echo(f"{accounting.name} ({'right' if accounting.right else 'wrong'}): {accounting.why}")
        console.print(network_table(accounting.rows))
    click.echo(energy.verdict)


def amount(number: float) -> str:
    """`28.04 M`; nothing for 0."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.4g} {unit}"
    return f"{number:.4g}" if number else ""
