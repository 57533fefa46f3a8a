"""Energy of networks that are trained directly: their own spikes while samples pass, and the same layers in an ANN."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...measure.evaluate import (
    LabelledBatch,
    batches_as_they_come,
    normalization_of,
    require_logits,
    require_one_size,
    require_same_size,
    taking,
    view_notices,
)
from ...models.spiking_layer import SpikingLayer, is_direct
from ...placement import placement_of
from ...provenance import provenance
from ..synops.running import NetworkRun, Recorder
from .accountings import PaperEnergy, bills_of
from .baselines import EQUAL_BITS, CostedNetwork
from .model import EnergyModel
from .quantise import quantise_weights
from .result import Accounting, Energy
from .rows import costs, describe, rows_of
from .trained import dense_run_loads, run_loads
from .verdict import verdict_of
from .workload import Workload

DOING = "the energy of a network that is trained directly"
NO_ANN = (
    "The ANN rows are this network's layers, dense, a ReLU for each spiking layer. No such ANN was trained: nothing is "
    "known here of its accuracy, in FP32 or quantised (networks of this package train as one with neuron=relu). What "
    "reads real numbers in the spiking network is FP32 in every row."
)
FOLDED = (
    "BatchNorm is folded into the layer before it; where it has statistics for each step, that takes weights for each."
)


def directly(
    model: nn.Module, data: Iterable[Any], *, T: int | None, convention: str, count: str, energy_model: EnergyModel,
    seed: int,
) -> Energy:  # fmt: skip
    """Run the network and a copy with 8-bit weights, count what their spikes cause, and price it.

    Beside the SNN stand the ANN of the same layers in FP32 and with 8-bit weights and activations, both without an
    accuracy, and the SNN whose weights really are rounded to 8 bits. What is counted, and as what: `Recorder`. For the
    networks of papers, the papers' own arithmetic follows (`accountings`).

    Raises:
        InputError: no spiking layers; another T than the network's; no data, or such without labels, of several sizes,
            or that the network cannot take.
    """
    if not is_direct(model):
        raise InputError(
            "the network has no spiking layers",
            expected="a converted network, or one with snnconv.models.spiking_layer.SpikingLayer layers",
            got=type(model).__name__,
            remedy="convert it first",
        )
    steps = steps_of(model, T)
    snn, rounded, samples = Direct(f"SNN, T={steps}", model), None, 0
    require_one_size(data, DOING)
    first: list[tuple[int, ...]] | None = None
    for batch in labelled(model, data):
        first = require_same_size(batch.arguments, first, DOING, batch.where)
        snn.measure(batch)
        if rounded is None:  # not before: rounding takes a while, and what is wrong with the data shows first
            rounded = with_rounded_weights(model, steps)
        rounded.measure(batch)
        samples += len(batch.labels)
    assert rounded is not None  # there are batches
    networks = [rounded, snn]
    run = snn.recorder.run
    dense = [
        CostedNetwork("ANN FP32", model, dense_run_loads(run, convention=convention)),
        CostedNetwork("ANN W8A8", model, dense_run_loads(run, convention=convention, bits=8), 8, 256),
    ]
    measured = [network.costed(convention, count == "rate") for network in networks]
    accuracies = [None, None, *(100 * network.correct / samples for network in networks)]
    rows = rows_of([*dense, *measured], accuracies, energy_model)
    bills = bills_of(model, run)
    return Energy(
        rows=rows,
        T=steps,
        verdict=verdict_of(rows),
        apart=apart(run, measured[-1].loads),
        unsupported=run.unsupported,
        by_layer=by_layer(run, measured[-1].loads, energy_model),
        by_site={
            name: {"spikes": site.spikes, "neurons": site.neurons, "rate": site.rate}
            for name, site in run.sites.items()
        },
        convention=convention,
        count=count,
        encoder="per-step",
        energy_model=describe(energy_model),
        samples=samples,
        data=str(getattr(data, "name", "data")),
        settings={"method": f"{type(model).__name__}, trained directly"},
        normalization=normalization_of(data),
        notices=[NO_ANN, FOLDED, *view_notices(data)],
        provenance=provenance(seed),
        accountings=[accounting_of(bill, dense[0], measured[-1], accuracies[-1], energy_model) for bill in bills],
    )


class Direct:
    """A network that is trained directly while it is measured."""

    def __init__(self, name: str, model: nn.Module, weight_bits: int | None = None) -> None:
        self.name, self.model, self.weight_bits = name, model.eval(), weight_bits
        self.recorder = Recorder(model)
        self.correct = 0

    def measure(self, batch: LabelledBatch) -> None:
        with torch.no_grad(), self.recorder, taking(batch.arguments, batch.where):
            logits = self.model(*batch.arguments)
        scores = require_logits(logits.unsqueeze(0) if isinstance(logits, Tensor) else logits, batch)
        self.correct += int((scores[-1].argmax(-1).cpu() == batch.labels).sum())

    def costed(self, convention: str, rate: bool) -> CostedNetwork:
        loads = run_loads(self.recorder.run, convention=convention, rate=rate, weight_bits=self.weight_bits)
        return CostedNetwork(self.name, self.model, loads, self.weight_bits)


def with_rounded_weights(model: nn.Module, steps: int) -> Direct:
    """A copy whose weights are rounded."""
    rounded = copy.deepcopy(model)
    quantise_weights(rounded, EQUAL_BITS)
    return Direct(f"SNN W{EQUAL_BITS}, T={steps}", rounded, EQUAL_BITS)


def steps_of(model: nn.Module, T: int | None) -> int:
    """The time steps that the network was built for.

    Raises:
        InputError: T is another number.
    """
    own = max(module.T for module in model.modules() if isinstance(module, SpikingLayer))
    if T not in (None, own):
        raise InputError(
            "the time steps of a network that is trained directly are its own",
            expected=f"T = {own}",
            got=str(T),
            remedy="leave T out, or build and train the network for another",
        )
    return own


def labelled(model: nn.Module, data: Iterable[Any]) -> Iterator[LabelledBatch]:
    """The batches on the network's device, in its type.

    Raises:
        InputError: the data are empty, have no labels, or are none.
    """
    like = placement_of(model)
    for batch in batches_as_they_come(data, "measuring energy"):
        inputs = (x.to(like.device, like.dtype if x.is_floating_point() else x.dtype) for x in batch.arguments)
        yield replace(batch, arguments=tuple(inputs))


def apart(run: NetworkRun, loads: list[Workload]) -> dict[str, float]:
    """What the spiking network's operations consist of."""

    def macs(reads: str) -> float:
        return sum(layer.macs for layer in run.layers if layer.reads == reads)

    return {
        "synops": sum(load.acs for load in loads),
        "encoder_macs": macs("constant"),
        "analog_macs": macs("float"),
        "residual_macs": sum(run.residual.values()),
        "norm_macs": sum(run.norms.values()),
        "bias_adds": sum(load.bias_adds for load in loads),
        "neuron_updates": sum(site.updates for site in run.sites.values()),
        "pool_updates": 0.0,
        "spikes": sum(site.spikes for site in run.sites.values()),
    }


def by_layer(run: NetworkRun, loads: list[Workload], model: EnergyModel) -> dict[str, dict[str, float]]:
    """Of every place what it costs; of layers that read spikes the rate too, and of all what they were if dense."""
    found = {load.name: costs(load, model) for load in loads}
    for layer in run.layers:
        rate = {} if layer.rate is None else {"rate": layer.rate}
        found[layer.name] = {"dense_macs": layer.macs, **rate, **found[layer.name]}
    return found


def accounting_of(
    bill: PaperEnergy, ann: CostedNetwork, snn: CostedNetwork, accuracy: float | None, model: EnergyModel
) -> Accounting:
    """The rows of a paper's bill: the loads of our own with the paper's operations."""
    named = [
        CostedNetwork(f"{network.name}, {bill.name}", network.network, billed(network.loads, macs, acs))
        for network, macs, acs in ((ann, bill.ann, {}), (snn, bill.macs, bill.acs))
    ]
    rows = rows_of(named, [None, accuracy], model)
    return Accounting(bill.name, bill.right, bill.why, rows if bill.ann else [replace(rows[1], of_ann=None)])


def billed(loads: list[Workload], macs: Mapping[str, float], acs: Mapping[str, float]) -> list[Workload]:
    """Those loads that are on the bill, with its operations."""
    return [
        replace(load, macs=macs.get(load.name, 0.0), acs=acs.get(load.name, 0.0), extra=0.0)
        for load in loads
        if load.name in macs or load.name in acs
    ]
