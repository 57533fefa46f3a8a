"""Energy and accuracy of a spiking network beside its ANN, in FP32 and quantised, on the same samples."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import nn

from ...convert.data_argument import takes_data
from ...errors import InputError
from ...network import SpikingNetwork
from ...provenance import provenance
from ..count import CONVENTIONS
from ..evaluate import (
    LabelledBatch,
    count_correct,
    labelled_batches,
    normalization_of,
    require_logits,
    view_notices,
    views_of,
)
from ..steps import check_steps
from ..synops import Counts, SynapticOperations, Wiring, Work, wiring, work_of
from .contenders import EQUAL_BITS, Contender, contenders
from .custom import energy_model as model_named
from .direct import directly
from .loads import layer_modules, spiking_loads
from .model import EnergyModel
from .quantise import quantised_spiking
from .result import Energy
from .rows import costs, describe, rows_of
from .verdict import verdict_of

CHOICES = {"count": ("exact", "rate"), "encoder": ("once", "per-step")}
log = logging.getLogger("snnconv")


class Spiking:
    """A spiking network while it is measured."""

    def __init__(self, name: str, snn: SpikingNetwork, wiring: Wiring, T: int, weight_bits: int | None = None) -> None:
        self.name, self.snn, self.T, self.weight_bits = name, snn, T, weight_bits
        self.operations = SynapticOperations(snn, wiring)
        self.counts = Counts()
        self.correct = 0

    def measure(self, batch: LabelledBatch) -> None:
        with self.operations:
            run = self.snn.run(batch.arguments, T=self.T, count=False)
        logits = require_logits(run.logits, batch)
        self.counts = self.counts + self.operations.counts
        self.correct += int((logits[-1].argmax(-1).cpu() == batch.labels).sum())

    def work(self, samples: int, count: str, encoder: str, convention: str) -> Work:
        choices = {"count": count, "encoder": encoder, "convention": convention}
        return work_of(self.operations.wiring, self.counts, samples, **choices)  # type: ignore[arg-type]

    def contender(self, work: Work, convention: str, rate: bool) -> Contender:
        wiring, modules = self.operations.wiring, layer_modules(self.snn.network)
        options = {"convention": convention, "rate": rate, "weight_bits": self.weight_bits, "modules": modules}
        loads = spiking_loads(wiring, work, **options)  # type: ignore[arg-type]
        return Contender(self.name, self.snn, loads, self.weight_bits)


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
    """Evaluate a spiking network and its rivals on labelled batches, and price the work of each.

    Args:
        snn: a converted network, or one that is trained directly (see `directly`, in this folder).
        data: batches with integer labels.
        T: time steps; default `snn.T`. Those of a network that was trained directly are its own.
        convention: what is counted besides products: a convention of `snnconv.bench.count`. Of the spiking layers only
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
    wired = wiring(snn)
    for notice in wired.notices:
        log.warning(notice)
    rivals = contenders(snn, wired, steps, convention=convention, normalization=normalization)
    rounded = quantised_spiking(snn, EQUAL_BITS, normalization=normalization)
    spiking = [
        Spiking(f"SNN W{EQUAL_BITS}, T={steps}", rounded, wired, steps, EQUAL_BITS),
        Spiking(f"SNN, T={steps}", snn, wired, steps),
    ]
    correct, samples = [0] * len(rivals), 0
    for batch in labelled_batches(snn, data, "measuring energy"):
        for network in reversed(spiking):  # what is wrong with the data shows on the network that was handed in
            network.measure(batch)
        correct = [hits + count_correct(rival.network, batch) for hits, rival in zip(correct, rivals, strict=True)]
        samples += len(batch.labels)
    runs = samples * views_of(data)
    works = [network.work(runs, count, encoder, convention) for network in spiking]
    measured = [network.contender(work, convention, count == "rate") for network, work in zip(spiking, works)]
    networks, work = [*rivals, *measured], works[-1]
    correct += [network.correct for network in spiking]
    rows = rows_of(networks, [100 * hits / samples for hits in correct], model)
    return Energy(
        rows=rows,
        T=steps,
        verdict=verdict_of(rows),
        apart=apart(work),
        unsupported=work.unsupported,
        by_layer={load.name: costs(load, model) for load in networks[-1].loads},
        by_site={
            site: {"spikes": work.events[site], "synops": synops, "neurons": wired.sources[site].neurons}
            for site, synops in work.by_site.items()
        },
        convention=convention,
        count=count,
        encoder=encoder,
        energy_model=describe(model),
        samples=samples,
        data=str(getattr(data, "name", "data")),
        settings=dict(snn.plan.settings),
        normalization=normalization,
        notices=[*snn.plan.notices, *wired.notices, *view_notices(data)],
        provenance=provenance(seed),
    )


def apart(work: Work) -> dict[str, float]:
    """What the spiking network's operations consist of."""
    names = ("encoder_macs", "analog_macs", "residual_macs", "norm_macs", "bias_adds", "neuron_updates",
             "pool_updates", "spikes")  # fmt: skip
    return {"synops": work.acs, **{name: getattr(work, name) for name in names}}
