"""Energy and accuracy of a spiking network beside its ANN, in FP32 and quantised, on the same samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from ...errors import InputError
from ...network import SpikingNetwork
from ...provenance import provenance
from ..count import CONVENTIONS
from ..evaluate import count_correct, labelled_batches, normalization_of, require_logits
from ..results import Result
from ..steps import check_steps
from ..synops import Counts, SynapticOperations, Work, wiring, work_of
from .contenders import Contender, contenders
from .custom import energy_model as model_named
from .load import Breakdown, Load
from .loads import spiking_loads
from .model import EnergyModel
from .verdict import verdict_of

CHOICES = {"count": ("exact", "rate"), "encoder": ("once", "per-step")}
MJ = 1e-9  # mJ in a pJ


@dataclass(frozen=True)
class EnergyRow:
    """One network, per sample.

    Attributes:
        accuracy: top-1 in %.
        macs: FP32 multiply-accumulates. int_macs: integer ones. acs: accumulations caused by spikes. Of the ANN, what
            the convention counts besides is among the (integer) multiply-accumulates.
        energy_mJ: by the energy model. mJ_by_cause: the same split up.
        of_ann: energy over that of the FP32 ANN.
        weight_bits, levels: of quantised networks.
    """

    name: str
    accuracy: float
    macs: float
    int_macs: float
    acs: float
    energy_mJ: float
    of_ann: float | None
    mJ_by_cause: dict[str, float]
    weight_bits: int | None = None
    levels: int | None = None


@dataclass(frozen=True)
class Energy(Result):
    """What a spiking network costs, and what the networks it has to beat cost.

    Attributes:
        rows: the FP32 ANN, the quantised ANNs, the spiking network.
        apart: of the spiking network, per sample over all steps: synops, encoder_macs, analog_macs, residual_macs,
            norm_macs (all of them priced, as AC or MAC), bias_adds, neuron_updates, pool_updates, spikes (priced or
            not as convention and model say).
        unsupported: {operation: how often} of the spiking network, neither counted nor priced.
        by_layer, by_site: of the spiking network, per sample.
        verdict: who wins, and by how much.
    """

    NAME: ClassVar[str] = "energy"

    rows: list[EnergyRow]
    T: int
    verdict: str
    apart: dict[str, float]
    unsupported: dict[str, int]
    by_layer: dict[str, dict[str, float]]
    by_site: dict[str, dict[str, float]]
    convention: str
    count: str
    encoder: str
    energy_model: dict[str, Any]
    samples: int
    data: str
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        return cls(**{**document, "rows": [EnergyRow(**row) for row in document["rows"]]})

    @property
    def snn(self) -> EnergyRow:
        return self.rows[-1]

    def table(self) -> list[dict[str, Any]]:
        flat = [asdict(row) for row in self.rows]
        return [{**row, **{f"mJ_{cause}": mj for cause, mj in row.pop("mJ_by_cause").items()}} for row in flat]

    def plot(self, path: str | PathLike[str]) -> None:
        """Energy by cause, one bar a network; the suffix of `path` names the format (.png, .svg, .pdf)."""
        from ..plots.energy import plot_energy  # matplotlib takes a second to import

        plot_energy(self, Path(path))


def energy(
    snn: SpikingNetwork,
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
        data: batches with integer labels.
        T: time steps; default `snn.T`.
        convention: what is counted besides products: a convention of `snnconv.bench.count`. Of the spiking layers only
            biases can be, at every step.
        count: "exact": every spike times its true fan-out; "rate": firing rate × dense operations × T, as in papers.
        energy_model: "45nm", "memory", a file of constants, or a model.
        encoder: layers before the first neuron are computed "once" (as the engine does), or "per-step".

    Raises:
        InputError: an unknown choice; data without labels, or that the network cannot take.
    """
    for name, value in (("count", count), ("encoder", encoder)):
        if value not in CHOICES[name]:
            raise InputError(f"{name} is out of range", expected=" or ".join(map(repr, CHOICES[name])), got=repr(value))
    CONVENTIONS[convention]
    model = model_named(energy_model)
    (steps,) = check_steps([snn.T if T is None else T])
    normalization = normalization_of(data, snn)
    wired = wiring(snn)
    rivals = contenders(snn, wired, steps, convention=convention, normalization=normalization)
    operations, counts = SynapticOperations(snn, wired), Counts()
    correct, samples = [0] * (len(rivals) + 1), 0
    for batch in labelled_batches(snn, data, "measuring energy"):
        with operations:
            run = snn.run(batch.arguments, T=steps)
        counts = counts + operations.counts
        logits = require_logits(run.logits, batch)
        hits = [count_correct(rival.network, batch) for rival in rivals]
        hits.append(int((logits[-1].argmax(-1).cpu() == batch.labels).sum()))
        correct = [total + more for total, more in zip(correct, hits, strict=True)]
        samples += len(batch.labels)
    work = work_of(wired, counts, samples, encoder=encoder, count=count, convention=convention)  # type: ignore[arg-type]
    loads = spiking_loads(wired, work, convention=convention, rate=count == "rate")
    networks = [*rivals, Contender(f"SNN, T={steps}", snn, loads)]
    rows = rows_of(networks, [100 * hits / samples for hits in correct], model)
    return Energy(
        rows=rows,
        T=steps,
        verdict=verdict_of(rows),
        apart=apart(work),
        unsupported=work.unsupported,
        by_layer={load.name: costs(load, model) for load in loads},
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
        notices=list(snn.plan.notices),
        provenance=provenance(seed),
    )


def rows_of(networks: list[Contender], accuracies: list[float], model: EnergyModel) -> list[EnergyRow]:
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


def products(load: Load) -> float:
    return load.macs + load.extra if load.macs else 0.0


def accumulations(load: Load) -> float:
    return load.acs if load.macs else load.acs + load.extra


def in_mj(bill: Breakdown) -> dict[str, float]:
    return {cause: pj * MJ for cause, pj in bill.by_cause.items()}


def costs(load: Load, model: EnergyModel) -> dict[str, float]:
    bill = model.price(load)
    return {
        "macs": products(load),
        "acs": accumulations(load),
        "bias_adds": load.bias_adds,
        "energy_mJ": bill.total * MJ,
        **{f"mJ_{cause}": mj for cause, mj in in_mj(bill).items()},
    }


def apart(work: Work) -> dict[str, float]:
    """What the spiking network's operations consist of."""
    names = ("encoder_macs", "analog_macs", "residual_macs", "norm_macs", "bias_adds", "neuron_updates",
             "pool_updates", "spikes")  # fmt: skip
    return {"synops": work.acs, **{name: getattr(work, name) for name in names}}


def describe(model: EnergyModel) -> dict[str, Any]:
    """The model with its constants, for the record."""
    constants = asdict(model) if hasattr(model, "__dataclass_fields__") else {}  # type: ignore[call-overload]
    return {**constants, "name": model.name, "source": model.source}
