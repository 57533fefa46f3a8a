"""From loads to the rows of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .baselines import CostedNetwork
from .model import Constants, EnergyModel
from .result import EnergyRow
from .workload import Breakdown, Workload

MJ = 1e-9  # mJ in a pJ


def rows_of(networks: list[CostedNetwork], accuracies: Sequence[float | None], model: EnergyModel) -> list[EnergyRow]:
    """A row for each network; the first is the FP32 ANN."""
    bills = [model.total(network.loads) for network in networks]
    reference = bills[0].total
    return [
        EnergyRow(
            name=network.name,
            accuracy=accuracy,
            macs=sum(products(load) for load in network.loads if not load.precision.whole),
            int_macs=sum(products(load) for load in network.loads if load.precision.whole),
            acs=sum(accumulations(load) for load in network.loads),
            energy_mJ=bill.total * MJ,
            of_ann=bill.total / reference if reference else None,
            mJ_by_cause=in_mj(bill),
            weight_bits=network.weight_bits,
            levels=network.levels,
        )
        for network, accuracy, bill in zip(networks, accuracies, bills, strict=True)
    ]


def products(load: Workload) -> float:
    return load.macs + load.extra if load.macs else 0.0


def accumulations(load: Workload) -> float:
    return load.acs if load.macs else load.acs + load.extra


def in_mj(bill: Breakdown) -> dict[str, float]:
    return {cause: pj * MJ for cause, pj in bill.by_cause.items()}


def costs(load: Workload, model: EnergyModel) -> dict[str, float]:
    bill = model.price(load)
    return {
        "macs": products(load),
        "acs": accumulations(load),
        "bias_adds": load.bias_adds,
        "energy_mJ": bill.total * MJ,
        **{f"mJ_{cause}": mj for cause, mj in in_mj(bill).items()},
    }


def describe(model: EnergyModel) -> dict[str, Any]:
    """The model with its constants, for the record."""
    constants = (
        {**asdict(model), "memory": [list(pair) for pair in model.memory]} if isinstance(model, Constants) else {}
    )
    return {**constants, "name": model.name, "source": model.source}
