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
from ...neurons import Temporal
from ...neurons.codes import events_per_neuron
from ...simulate.observers import observing
from .parts import Wiring
from .walk import wiring

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
    """Counts what the spikes of a network cause while it runs, exactly.

        ops = SynapticOperations(snn)
        for x in batches:
            with ops:
                snn.run(x, T=8)
            total = total + ops.counts

    Every block starts from zero and holds one run (one that continues a `state` may follow: its steps are appended).

    Args:
        wired: `wiring(snn)`, where it is at hand.

    Attributes:
        wiring: the network's fan-outs.
    """

    def __init__(self, snn: SpikingNetwork, wired: Wiring | None = None) -> None:
        self._snn = snn
        self.wiring = wiring(snn) if wired is None else wired
        modules = {name: snn.network.get_submodule(name) for name in self.wiring.sources}
        self._modules = {name: module for name, module in modules.items() if isinstance(module, Temporal)}
        self._layers: dict[str, list[str]] = {name: [] for name in modules}
        columns: dict[str, list[Tensor]] = {name: [] for name in modules}
        for synapse in self.wiring.synapses:
            self._layers[synapse.source].append(synapse.layer)
            columns[synapse.source].append(synapse.fan_out.flatten())
        # Sums of products of whole numbers in float64: exact to 2^53, and a matrix product.
        self._fan_out = {name: torch.stack(c, 1).double() for name, c in columns.items() if c}
        self._steps: dict[str, list[Tensor]] = {}
        self._hooks = ExitStack()

    def __enter__(self) -> Self:
        self._steps = {}
        self._hooks = ExitStack()
        self._hooks.enter_context(observing(self._modules, [self._count]))
        return self

    def __exit__(self, *exception: object) -> None:
        self._hooks.close()

    @property
    def counts(self) -> Counts:
        """What the last block counted."""
        operations: dict[Pair, Tensor] = {}
        fired: dict[str, Tensor] = {}
        for source, parts in self._steps.items():
            total, *columns = torch.cat(parts).unbind(1)
            fired[source] = total
            operations |= {(source, layer): column for layer, column in zip(self._layers[source], columns, strict=True)}
        return Counts(operations, fired)

    def _require_size(self) -> None:
        """Fan-outs are those of one size: at another, positions and borders are others."""
        wired = [tuple(shape) for shape in self._snn.plan.input_shapes]
        if self._snn.running != wired:
            raise InputError(
                "operations are counted for the size that the network was converted for",
                expected=" and ".join(map(str, wired)),
                got=" and ".join(map(str, self._snn.running)),
                remedy="convert with input_shape=… or calibration data of the size of these data",
            )

    def _count(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        """Events summed over the batch once, [steps, neurons], then weighed by each fan-out."""
        self._require_size()
        source = self.wiring.sources[site]
        by_sample = spikes.unflatten(1, (-1, source.rows)) if source.rows > 1 else spikes
        per_neuron = events_per_neuron(by_sample, source.code)
        columns = [per_neuron.sum(1, keepdim=True)]
        if site in self._fan_out:
            fan_out = self._fan_out[site] = self._fan_out[site].to(per_neuron.device)
            columns.append(per_neuron @ fan_out)
        self._steps.setdefault(site, []).append(torch.cat(columns, 1).round().long().cpu())
