"""From the whole numbers in a journal to the results of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..provenance import provenance
from .counting import ANN, wiring_from_dict
from .curves import Curve, Rival, Row, Sweep
from .energy import EnergyModel
from .energy.loads import spiking_loads
from .journal import Converted, Counted, Journal
from .synops import Counts, work_of

MILLIJOULES = 1e-9  # in a picojoule


def assemble(journal: Journal, labels: Sequence[str], steps: tuple[int, ...], model: EnergyModel, seed: int) -> Sweep:
    """The results of what the journal holds; settings without a batch are left out.

    Args:
        labels: the settings in their order; the first has a batch.
    """
    batches: dict[str, list[Counted]] = {label: [] for label in labels}
    for (label, _), counted in sorted(journal.counted.items()):
        batches[label].append(counted)
    curves: list[Curve] = []
    rows: list[Row] = []
    rivals: list[Rival] = []
    for label in labels:
        if batches[label]:
            converted = journal.converted[label]
            curve, points = trace(converted, batches[label], steps, model)
            curves.append(curve)
            rows.extend(points)
            rivals.extend(rivals_of(converted, batches[label]))
    rivals.sort(key=lambda rival: rival.name != ANN)  # the ANN first; the sort is stable
    complete = journal.batches is not None and all(len(found) == journal.batches for found in batches.values())
    first = journal.converted[curves[0].setting]
    data: dict[str, Any] = journal.configuration["data"]
    return Sweep(
        rows=rows,
        curves=curves,
        ann_accuracy=rivals[0].accuracy,
        samples=max(curve.samples for curve in curves),
        data=data["name"],
        normalization=first.normalization,
        rivals=rivals,
        energy_model=model.name,
        configuration=journal.configuration,
        complete=complete,
        provenance=provenance(seed),
    )


def trace(
    converted: Converted, batches: Sequence[Counted], steps: tuple[int, ...], model: EnergyModel
) -> tuple[Curve, list[Row]]:
    """One curve and its rows."""
    wired = wiring_from_dict(converted.wiring)
    samples = sum(batch.samples for batch in batches)
    counts = sum((Counts.from_dict({"operations": b.operations, "events": b.events}) for b in batches), Counts())
    correct = torch.tensor([batch.correct for batch in batches]).sum(0).tolist()
    size = sum(wired.neurons.values())
    rows = []
    for t, right in zip(steps, correct, strict=True):
        work = work_of(wired, counts, samples, t)
        fired = sum(int(counts.events[site][:t].sum()) for site in wired.neurons)
        rows.append(
            Row(
                setting=converted.setting,
                T=t,
                accuracy=100 * right / samples,
                spikes_per_neuron=fired / samples / size,
                spikes=fired / samples,
                synops=work.acs,
                macs=work.macs,
                energy=model.total(spiking_loads(wired, work)).total * MILLIJOULES,
            )
        )
    rates = {
        site: int(counts.events[site].sum()) / samples / neurons / steps[-1] for site, neurons in wired.neurons.items()
    }
    return Curve(converted.setting, converted.settings, size, rates, samples, converted.notices), rows


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
