"""From the whole numbers in a journal to the results of a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..cost.energy import EnergyModel
from ..cost.energy.converted import spiking_loads
from ..cost.synops import BySize, Counts, Portion, Size, work_of
from ..cost.synops.by_size import mean_of
from ..measure.metrics import Metric, Outcomes
from ..provenance import provenance
from .counting import ANN, wiring_from_dict
from .curves import Baseline, Curve, Row, Sweep
from .journal import Converted, Counted, Journal, Wired, size_of
from .simulations import Simulation

MILLIJOULES = 1e-9  # in a picojoule


def assemble(journal: Journal, planned: Sequence[Simulation], model: EnergyModel, metric: Metric, seed: int) -> Sweep:
    """The results of what the journal holds; settings without a batch are left out.

    Args:
        planned: in order, those of a setting one after the other by T; the first has a batch.
    """
    batches: dict[str, list[Counted]] = {simulation.name: [] for simulation in planned}
    for (name, _), counted in sorted(journal.counted.items()):
        batches[name].append(counted)
    ann = {batch.batch: batch.baselines[ANN] for batch in batches[planned[0].name] if ANN in batch.baselines}
    curves: dict[str, Curve] = {}
    rows: list[Row] = []
    baselines: list[Baseline] = []
    for simulation in planned:
        if any(counted.samples for counted in batches[simulation.name]):
            converted = journal.converted[simulation.name]
            wired = {size: record for (name, size), record in journal.wired.items() if name == simulation.name}
            curve, points = trace(simulation, converted, wired, batches[simulation.name], model, metric, ann)
            curves[curve.setting] = joined(curves[curve.setting], curve) if curve.setting in curves else curve
            rows.extend(points)
            baselines.extend(baselines_of(wired, batches[simulation.name], metric))
    baselines.sort(key=lambda baseline: baseline.name != ANN)  # the ANN first; the sort is stable
    complete = journal.batches is not None and all(len(found) == journal.batches for found in batches.values())
    first = journal.converted[planned[0].name]
    data: dict[str, Any] = journal.configuration["data"]
    return Sweep(
        rows=rows,
        curves=list(curves.values()),
        ann_accuracy=baselines[0].accuracy,
        samples=max(curve.samples for curve in curves.values()),
        data=data["name"],
        normalization=first.normalization,
        baselines=baselines,
        energy_model=model.name,
        configuration=journal.configuration,
        complete=complete,
        metric=journal.configuration.get("metric", "top1"),
        provenance=provenance(seed),
    )


class CostPerSample(NamedTuple):
    """What one sample costs; the fields are those of `Row`."""

    spikes_per_neuron: float
    spikes: float
    synops: float
    macs: float
    energy: float


def spent(counts: BySize, steps: int, model: EnergyModel, weight_bits: int | None = None) -> CostPerSample:
    """The mean cost of the first `steps` steps of a sample.

    Args:
        weight_bits: of a network of whole numbers.
    """
    found = [spent_at(portion, steps, model, weight_bits) for portion in counts.portions]
    mean = CostPerSample(*(counts.mean(values) for values in zip(*found, strict=True)))
    return mean._replace(spikes_per_neuron=mean.spikes / sum(counts.neurons.values()))


def spent_at(portion: Portion, steps: int, model: EnergyModel, weight_bits: int | None) -> CostPerSample:
    """The same of the samples of one size."""
    wired, counts, samples = portion.wiring, portion.counts, portion.samples
    work = work_of(wired, counts, samples, steps)
    fired = sum(int(counts.events[site][:steps].sum()) for site in wired.neurons) / samples
    loads = spiking_loads(wired, work, weight_bits=weight_bits, whole=weight_bits is not None)
    energy = model.total(loads).total * MILLIJOULES
    return CostPerSample(fired / sum(wired.neurons.values()), fired, work.acs, work.macs, energy)


def trace(
    simulation: Simulation,
    converted: Converted,
    wired: Mapping[Size, Wired],
    batches: Sequence[Counted],
    model: EnergyModel,
    metric: Metric,
    ann: Mapping[int, list[Any]],
) -> tuple[Curve, list[Row]]:
    """What one simulation knows of its curve, and its rows.

    Args:
        wired: {size: what the network is there}. ann: {batch: what its samples say of the ANN}.
    """
    samples = sum(batch.samples for batch in batches)
    counts = BySize()
    wirings = {size: wiring_from_dict(record.wiring) for size, record in wired.items()}
    for batch in batches:
        if batch.samples:
            size, found = size_of(batch.size), {"operations": batch.operations, "events": batch.events}
            counts.add(size, wirings[size], Counts.from_dict(found), batch.samples * batch.views)
    reference = joined_outcomes([ann[batch.batch] for batch in batches if batch.batch in ann])
    warm_up = int(converted.settings.get("warm_up", 0))
    rows = []
    for place, t in enumerate(simulation.steps):
        cost = spent(counts, warm_up + t, model, converted.settings.get("weight_bits"))
        outcomes = joined_outcomes([batch.outcomes[place] for batch in batches])
        low, high = metric.interval(outcomes)
        paired = metric.difference(outcomes, reference) if len(reference) == len(outcomes) else (None, None)
        rows.append(
            Row(
                setting=simulation.setting, T=t, accuracy=metric.value(outcomes), latency=warm_up + t,
                accuracy_low=low, accuracy_high=high, difference_low=paired[0], difference_high=paired[1],
                **cost._asdict(),
            )
        )  # fmt: skip
    fired = {
        site: sum(int(portion.counts.events[site].sum()) for portion in counts.portions) / counts.samples
        for site in counts.neurons
    }
    rates = {site: fired[site] / neurons / (warm_up + simulation.steps[-1]) for site, neurons in counts.neurons.items()}
    own = {"at_T": list(simulation.steps)} if simulation.name != simulation.setting else {}
    settings = {**converted.settings, **own}
    notices = [*converted.notices, *(notice for _, record in sorted(wired.items()) for notice in record.notices)]
    neurons = sum(counts.neurons.values())
    return Curve(simulation.setting, settings, neurons, rates, samples, list(dict.fromkeys(notices))), rows


def joined(curve: Curve, longer: Curve) -> Curve:
    """One curve of two simulations of the same setting, the second for a longer T."""
    settings = {**longer.settings, "at_T": curve.settings["at_T"] + longer.settings["at_T"]}
    notices = list(dict.fromkeys([*curve.notices, *longer.notices]))
    return replace(longer, settings=settings, samples=min(curve.samples, longer.samples), notices=notices)


def joined_outcomes(parts: Sequence[list[Any]]) -> Outcomes:
    """Of all samples, one after the other."""
    return np.array([outcome for part in parts for outcome in part], dtype=np.float64)


def baselines_of(wired: Mapping[Size, Wired], batches: Sequence[Counted], metric: Metric) -> list[Baseline]:
    """The networks without time that were evaluated beside this curve."""
    samples = sum(batch.samples for batch in batches)
    at = Counter[Size]()
    for batch in batches:
        at[size_of(batch.size)] += batch.samples
    sizes = sorted(size for size, count in at.items() if count)
    costs = mean_of([wired[size].baselines for size in sizes], [at[size] / samples for size in sizes])
    found = []
    for name, cost in costs.items():
        outcomes = joined_outcomes([batch.baselines[name] for batch in batches])
        low, high = metric.interval(outcomes)
        energy = cost["energy"] * MILLIJOULES
        found.append(Baseline(name, metric.value(outcomes), energy, cost["ops"], low, high))
    return found
