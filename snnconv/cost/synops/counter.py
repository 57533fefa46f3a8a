"""Counting the operations that spikes cause while a network runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

from ...errors import InputError
from ...network import SpikingNetwork
from ...neurons import Neuron, RunningSum
from ...neurons.kernels.dispatch import events_by_neuron
from ...neurons.kernels.layout import Layout
from ...simulate.observers import watching_spikes
from .parts import Connectivity, Synapse
from .wirings import Size, Wirings

Pair = tuple[str, str]


@dataclass(frozen=True)
class Counts:
    """Whole numbers, summed over the samples of one or several batches: int64 [T], one for each step.

    Attributes:
        operations: {(source, layer): Σ events × fan-out}.
        events: {source: Σ events}, of neuron sites and of max poolings on running sums.
    """

    operations: dict[Pair, Tensor] = field(default_factory=dict)
    events: dict[str, Tensor] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """The counts of both, which have the same T; either may be empty."""
        return Counts(added(self.operations, other.operations), added(self.events, other.events))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists of whole numbers, for JSON."""
        operations = [[source, layer, steps.tolist()] for (source, layer), steps in self.operations.items()]
        return {"operations": operations, "events": {source: steps.tolist() for source, steps in self.events.items()}}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Counts:
        operations = {(source, layer): torch.tensor(steps) for source, layer, steps in document["operations"]}
        return cls(operations, {source: torch.tensor(steps) for source, steps in document["events"].items()})


def added(first: Mapping[Any, Tensor], second: Mapping[Any, Tensor]) -> dict[Any, Tensor]:
    keys = [*first, *(key for key in second if key not in first)]
    return {key: sum(side[key] for side in (first, second) if key in side) for key in keys}  # type: ignore[misc]


class SynapticOperations:
    """Counts what the spikes of a network cause while it runs, exactly, at the size of its inputs.

        ops, total = SynapticOperations(snn), BySize()
        for x in batches:
            with ops:
                snn.run(x, T=8)
            total.take(ops, len(x))

    Every block starts from zero and holds one run (one that continues a `state` may follow: its steps are appended).

    Args:
        wirings: `Wirings(snn)`, where it is at hand; those of any network of the same ANN and neurons.

    Attributes:
        size: of the inputs of the last block; before the first one, that of the conversion.
    """

    def __init__(self, snn: SpikingNetwork, wirings: Wirings | None = None) -> None:
        self._snn = snn
        self._wirings = Wirings(snn) if wirings is None else wirings
        self.size: Size = tuple(tuple(shape) for shape in snn.plan.input_shapes)
        self._fan_out: dict[tuple[str, Layout], Tensor] = {}  # [neurons, layers], of this size, by layout of spikes
        self._synapses: dict[str, list[Synapse]] | None = None  # of this size, by source
        called = {str(node.target) for node in snn.network.graph.find_nodes(op="call_module")}
        modules = {name: snn.network.get_submodule(name) for name in sorted(called)}
        self._modules = {name: m for name, m in modules.items() if isinstance(m, (Neuron, RunningSum))}
        self._steps: dict[str, list[Tensor]] = {}
        self._hooks = ExitStack()

    @property
    def wiring(self) -> Connectivity:
        """The network's fan-outs at this size."""
        return self._wirings.at(self.size)

    def __enter__(self) -> Self:
        self._steps = {}
        self._hooks = ExitStack()
        self._hooks.enter_context(watching_spikes(self._modules, self._count))
        return self

    def __exit__(self, *exception: object) -> None:
        self._hooks.close()

    @property
    def counts(self) -> Counts:
        """What the last block counted, in execution order."""
        operations: dict[Pair, Tensor] = {}
        fired: dict[str, Tensor] = {}
        layers = layers_read(self.wiring)
        for source in (name for name in self.wiring.sources if name in self._steps):
            total, *columns = torch.cat(self._steps[source]).unbind(1)
            fired[source] = total
            operations |= {(source, layer): column for layer, column in zip(layers[source], columns, strict=True)}
        return Counts(operations, fired)

    def _turn_to(self, size: Size) -> None:
        """Fan-outs are those of one size: at another, positions and borders are others."""
        if size != self.size and self._steps:
            raise InputError(
                "a block that counts operations holds one run, of inputs of one size",
                expected=" and ".join(map(str, self.size)),
                got=" and ".join(map(str, size)),
                remedy="one `with` block for each run, and `BySize` for their sum",
            )
        if size != self.size or self._synapses is None:
            self.size = size
            self._fan_out, self._synapses = {}, {}
            for synapse in self.wiring.synapses:
                self._synapses.setdefault(synapse.source, []).append(synapse)

    def _fan_out_of(self, site: str, rows: int, layout: Layout, device: torch.device) -> Tensor:
        """[neurons, layers], neurons in the order in which spikes lie in memory."""
        assert self._synapses is not None
        key = site, layout
        if key not in self._fan_out:
            samples = [s.fan_out if rows > 1 else s.fan_out[None] for s in self._synapses[site]]
            # Sums of products of whole numbers in float64: exact to 2^53, and a matrix product.
            self._fan_out[key] = torch.stack([layout.dense(sample) for sample in samples], 1).double().to(device)
        return self._fan_out[key]

    def _count(self, site: str, steps: int, spikes: Tensor) -> None:
        """Events summed over the batch once, [steps, neurons], then weighed by each fan-out."""
        self._turn_to(tuple(self._snn.running))
        source = self.wiring.sources.get(site)
        if source is None:
            return  # a pooling of other values than spikes
        assert self._synapses is not None
        per_neuron, layout = events_by_neuron(spikes, steps, source.code, source.rows)
        columns = [per_neuron.sum(1, keepdim=True)]
        if site in self._synapses:
            columns.append(per_neuron @ self._fan_out_of(site, source.rows, layout, per_neuron.device))
        self._steps.setdefault(site, []).append(torch.cat(columns, 1).round().long().cpu())


def layers_read(wired: Connectivity) -> dict[str, list[str]]:
    """{source: the layers that read its spikes}."""
    found: dict[str, list[str]] = {name: [] for name in wired.sources}
    for synapse in wired.synapses:
        found[synapse.source].append(synapse.layer)
    return found
