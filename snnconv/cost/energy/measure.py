"""Energy and accuracy of a spiking network beside its ANN, in FP32 and quantised, on the same samples."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from ...convert.data_argument import takes_data
from ...errors import InputError, SnnconvError
from ...measure.evaluate import (
    LabelledBatch,
    count_correct,
    labelled_batches,
    normalization_of,
    require_logits,
    view_notices,
)
from ...measure.steps import check_steps
from ...network import SpikingNetwork
from ...provenance import provenance
from ..dense import CONVENTIONS
from ..synops import BySize, OperationTotals, Portion, SynapticOperations, Wirings, work_of
from .baselines import EQUAL_BITS, CostedNetwork, baselines_of, dense_work
from .converted import layer_modules, spiking_loads
from .custom import energy_model as model_named
from .direct import directly
from .model import EnergyModel
from .result import Energy, EnergyRow
from .rows import costs, describe, rows_of
from .verdict import verdict_of

CHOICES = {"count": ("exact", "rate"), "encoder": ("once", "per-step")}
log = logging.getLogger("snnconv")


class Spiking:
    """A spiking network while it is measured."""

    def __init__(
        self, name: str, snn: SpikingNetwork, wirings: Wirings, T: int, weight_bits: int | None = None
    ) -> None:
        self.name, self.snn, self.T, self.weight_bits = name, snn, T, weight_bits
        self.operations = SynapticOperations(snn, wirings)
        self.counts = BySize()
        self.correct = 0

    def measure(self, batch: LabelledBatch) -> None:
        with self.operations:
            run = self.snn.run(batch.arguments, T=self.T, count=False, keep_state=False)
        logits = require_logits(run.logits, batch)
        self.counts.take(self.operations, len(batch.labels) * batch.views)
        self.correct += int((logits[-1].argmax(-1).cpu() == batch.labels).sum())

    def works(self, count: str, encoder: str, convention: str) -> list[OperationTotals]:
        """Of every size, as all that follows."""
        choices = {"count": count, "encoder": encoder, "convention": convention}
        return [work_of(p.wiring, p.counts, p.samples, **choices) for p in self.counts.portions]  # type: ignore[arg-type]

    def costed(self, works: list[OperationTotals], convention: str, rate: bool) -> list[CostedNetwork]:
        modules = layer_modules(self.snn.network)
        options = {"convention": convention, "rate": rate, "weight_bits": self.weight_bits, "modules": modules}
        options["whole"] = self.snn.is_whole
        wired = [portion.wiring for portion in self.counts.portions]
        loads = [spiking_loads(*pair, **options) for pair in zip(wired, works, strict=True)]  # type: ignore[arg-type]
        return [CostedNetwork(self.name, self.snn, each, self.weight_bits) for each in loads]


@takes_data("data")
def energy(
    snn: SpikingNetwork | nn.Module,
    data: Iterable[Any],
    *,
    T: int | None = None,
    convention: str = "mac",
    count: str = "exact",
    energy_model: str | Path | EnergyModel = "45nm",
    encoder: str = "once",
    seed: int = 0,
) -> Energy:
    """Evaluate a spiking network and its baselines on labelled batches, and price the work of each.

    Args:
        snn: a converted network, or one that is trained directly (see `directly`, in this folder).
        data: batches with integer labels.
        T: time steps; default `snn.T`. Those of a network that was trained directly are its own.
        convention: what is counted besides products: a convention of `snnconv.cost.dense`. Of the spiking layers only
            biases can be, at every step.
        count: "exact": every spike times its true fan-out; "rate": firing rate × dense operations × T, as in papers.
        energy_model: "45nm", "memory", a file of constants, or a model.
        encoder: layers before the first neuron are computed "once" (as the engine does), or "per-step". A network that
            was trained directly sees another frame at each step, and computes them for each.

    Raises:
        InputError: an unknown choice; data without labels, or that the network cannot take.
    """
    for name, value in (("count", count), ("encoder", encoder)):
        if value not in CHOICES[name]:
            raise InputError(f"{name} is out of range", expected=" or ".join(map(repr, CHOICES[name])), got=repr(value))
    CONVENTIONS[convention]
    model = model_named(energy_model)
    if not isinstance(snn, SpikingNetwork):
        return directly(snn, data, T=T, convention=convention, count=count, energy_model=model, seed=seed)
    (steps,) = check_steps([snn.T if T is None else T])
    normalization = normalization_of(data, snn)
    wirings = Wirings(snn)
    baselines = baselines_of(snn, steps, normalization=normalization)
    bits = int(snn.plan.settings["weight_bits"]) if snn.is_whole else None
    name = "SNN" if bits is None else f"SNN W{bits}"
    spiking = [Spiking(f"{name}, T={steps}", snn, wirings, steps, bits)]
    rounded, lacking = (None, []) if snn.is_whole else in_whole_numbers(snn, steps)
    correct, samples = [0] * len(baselines), 0
    for batch in labelled_batches(snn, data, "measuring energy"):
        spiking[0].measure(batch)  # what is wrong with the data shows on the network that was handed in
        if rounded is not None:
            try:
                rounded.measure(batch)
            except InputError as problem:  # samples of another size than its whole numbers are for
                rounded, lacking = None, [without(problem)]
        correct = [
            hits + count_correct(baseline.network, batch) for hits, baseline in zip(correct, baselines, strict=True)
        ]
        samples += len(batch.labels)
    spiking = [*([rounded] if rounded is not None else []), *spiking]
    correct += [network.correct for network in spiking]
    accuracies = [100 * hits / samples for hits in correct]
    counts = spiking[-1].counts
    every_work = [network.works(count, encoder, convention) for network in spiking]
    measured = [n.costed(works, convention, count == "rate") for n, works in zip(spiking, every_work, strict=True)]
    dense = [dense_work(snn, baselines, portion.wiring, portion.size, convention) for portion in counts.portions]
    networks = [[*here, *snns] for here, *snns in zip(dense, *measured, strict=True)]
    rows = mean_rows(counts, [rows_of(each, accuracies, model) for each in networks])
    work = counts.mean(every_work[-1])
    notices = list(dict.fromkeys(notice for portion in counts.portions for notice in portion.wiring.notices)) + lacking
    for notice in notices:
        log.warning(notice)
    return Energy(
        rows=rows,
        T=steps,
        verdict=verdict_of(rows),
        apart=apart(work),
        unsupported=work.unsupported,
        by_layer=counts.mean([{load.name: costs(load, model) for load in each[-1].loads} for each in networks]),
        by_site=counts.mean([by_site(*pair) for pair in zip(counts.portions, every_work[-1], strict=True)]),
        convention=convention,
        count=count,
        encoder=encoder,
        energy_model=describe(model),
        samples=samples,
        data=str(getattr(data, "name", "data")),
        settings=dict(snn.plan.settings),
        normalization=normalization,
        notices=[*snn.plan.notices, *notices, *view_notices(data)],
        provenance=provenance(seed),
    )


def in_whole_numbers(snn: SpikingNetwork, T: int) -> tuple[Spiking | None, list[str]]:
    """The same network in whole numbers, to be measured beside it; or what stands in the way, as a notice."""
    try:
        whole = snn.quantise(EQUAL_BITS)
    except SnnconvError as problem:
        return None, [without(problem)]
    return Spiking(f"SNN W{EQUAL_BITS}, T={T}", whole, Wirings(whole), T, EQUAL_BITS), []


def without(problem: SnnconvError) -> str:
    return f"no SNN W{EQUAL_BITS} beside it: {str(problem).partition(chr(10))[0]}"


def mean_rows(counts: BySize, by_size: list[list[EnergyRow]]) -> list[EnergyRow]:
    """Rows of several sizes as those of the mean sample."""
    if len(by_size) == 1:
        return by_size[0]
    rows = counts.mean(by_size)
    reference = rows[0].energy_mJ
    return [replace(row, of_ann=row.energy_mJ / reference if reference else None) for row in rows]


def by_site(portion: Portion, work: OperationTotals) -> dict[str, dict[str, float]]:
    sources = portion.wiring.sources
    return {
        site: {"spikes": work.events[site], "synops": synops, "neurons": sources[site].neurons}
        for site, synops in work.by_site.items()
    }


def apart(work: OperationTotals) -> dict[str, float]:
    """What the spiking network's operations consist of."""
    names = ("encoder_macs", "analog_macs", "residual_macs", "norm_macs", "bias_adds", "neuron_updates",
             "pool_updates", "spikes")  # fmt: skip
    return {"synops": work.acs, **{name: getattr(work, name) for name in names}}
