"""From the whole numbers in a journal to the results of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from ..provenance import provenance
from .counting import ANN, wiring_from_dict
from .curves import Curve, Rival, Row, Sweep
from .energy import EnergyModel
from .energy.loads import spiking_loads
from .journal import Converted, Counted, Journal
from .simulations import Simulation
from .synops import Counts, Wiring, work_of

MILLIJOULES = 1e-9  # in a picojoule


def assemble(journal: Journal, planned: Sequence[Simulation], model: EnergyModel, seed: int) -> Sweep:
    """The results of what the journal holds; settings without a batch are left out.

    Args:
        planned: in order, those of a setting one after the other by T; the first has a batch.
    """
    batches: dict[str, list[Counted]] = {simulation.name: [] for simulation in planned}
    for (name, _), counted in sorted(journal.counted.items()):
        batches[name].append(counted)
    curves: dict[str, Curve] = {}
    rows: list[Row] = []
    rivals: list[Rival] = []
    for simulation in planned:
        if any(counted.samples for counted in batches[simulation.name]):
            converted = journal.converted[simulation.name]
            curve, points = trace(simulation, converted, batches[simulation.name], model)
            curves[curve.setting] = joined(curves[curve.setting], curve) if curve.setting in curves else curve
            rows.extend(points)
            rivals.extend(rivals_of(converted, batches[simulation.name]))
    rivals.sort(key=lambda rival: rival.name != ANN)  # the ANN first; the sort is stable
    complete = journal.batches is not None and all(len(found) == journal.batches for found in batches.values())
    first = journal.converted[planned[0].name]
    data: dict[str, Any] = journal.configuration["data"]
    return Sweep(
        rows=rows,
        curves=list(curves.values()),
        ann_accuracy=rivals[0].accuracy,
        samples=max(curve.samples for curve in curves.values()),
        data=data["name"],
        normalization=first.normalization,
        rivals=rivals,
        energy_model=model.name,
        configuration=journal.configuration,
        complete=complete,
        provenance=provenance(seed),
    )


class Spent(NamedTuple):
    """What one sample costs; the fields are those of `Row`."""

    spikes_per_neuron: float
    spikes: float
    synops: float
    macs: float
    energy: float


def spent(wired: Wiring, counts: Counts, samples: int, steps: int, model: EnergyModel) -> Spent:
    """The cost of the first `steps` steps, per sample, from counts over `samples` samples."""
    work = work_of(wired, counts, samples, steps)
    fired = sum(int(counts.events[site][:steps].sum()) for site in wired.neurons) / samples
    energy = model.total(spiking_loads(wired, work)).total * MILLIJOULES
    return Spent(fired / sum(wired.neurons.values()), fired, work.acs, work.macs, energy)


def trace(
    simulation: Simulation, converted: Converted, batches: Sequence[Counted], model: EnergyModel
) -> tuple[Curve, list[Row]]:
    """What one simulation knows of its curve, and its rows."""
    wired = wiring_from_dict(converted.wiring)
    samples = sum(batch.samples for batch in batches)
    runs = sum(batch.samples * batch.views for batch in batches)
    counts = sum((Counts.from_dict({"operations": b.operations, "events": b.events}) for b in batches), Counts())
    correct = torch.tensor([batch.correct for batch in batches]).sum(0).tolist()
    size = sum(wired.neurons.values())
    warm_up = int(converted.settings.get("warm_up", 0))
    rows = []
    for t, right in zip(simulation.steps, correct, strict=True):
        cost = spent(wired, counts, runs, warm_up + t, model)
        rows.append(
            Row(setting=simulation.setting, T=t, accuracy=100 * right / samples, latency=warm_up + t, **cost._asdict())
        )
    rates = {
        site: int(counts.events[site].sum()) / runs / neurons / (warm_up + simulation.steps[-1])
        for site, neurons in wired.neurons.items()
    }
    own = {"at_T": list(simulation.steps)} if simulation.name != simulation.setting else {}
    settings = {**converted.settings, **own}
    return Curve(simulation.setting, settings, size, rates, samples, list(converted.notices)), rows


def joined(curve: Curve, longer: Curve) -> Curve:
    """One curve of two simulations of the same setting, the second for a longer T."""
    settings = {**longer.settings, "at_T": curve.settings["at_T"] + longer.settings["at_T"]}
    notices = list(dict.fromkeys([*curve.notices, *longer.notices]))
    return replace(longer, settings=settings, samples=min(curve.samples, longer.samples), notices=notices)


def rivals_of(converted: Converted, batches: Sequence[Counted]) -> list[Rival]:
    """The networks without time that were evaluated beside this curve."""
    samples = sum(batch.samples for batch in batches)
    return [
        Rival(
            name,
            100 * sum(batch.rivals[name] for batch in batches) / samples,
            costs["energy"] * MILLIJOULES,
            costs["ops"],
        )
        for name, costs in converted.rivals.items()
    ]
