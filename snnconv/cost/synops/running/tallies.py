"""Sums over all samples that were run, and what they make of one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..parts import Operation, Reads
from .parts import LayerRun, NetworkRun, SiteRun


@dataclass
class LayerTally:
    """One layer, summed over samples.

    Attributes:
        fired: a neuron comes before it. read: {factor: [spikes, elements]}. biased: it has a bias of its own.
    """

    operation: Operation
    fired: bool
    at_input: bool
    macs: int = 0
    acs: int = 0
    bias: int = 0
    biased: bool = False
    writes: int = 0
    read: dict[int, list[int]] = field(default_factory=dict)
    weights: int = 0
    inputs: int = 0
    outputs: int = 0

    @property
    def reads(self) -> Reads:
        return "spikes" if self.read else "float" if self.fired else "constant"

    def of_one(self, name: str, samples: int) -> LayerRun:
        return LayerRun(
            name=name,
            operation=self.operation,
            reads=self.reads,
            macs=self.macs / samples,
            acs=self.acs / samples,
            rates=tuple(spikes / elements for spikes, elements in self.read.values()),
            bias=self.bias / samples,
            writes=self.writes / samples,
            weights=self.weights,
            inputs=self.inputs,
            outputs=self.outputs,
            at_input=self.at_input,
        )


@dataclass
class SiteTally:
    updates: int = 0
    spikes: int = 0
    neurons: int = 0


@dataclass
class Tallies:
    """Everything, summed over samples; `unsupported` over passes."""

    samples: int = 0
    passes: int = 0
    layers: dict[str, LayerTally] = field(default_factory=dict)
    sites: dict[str, SiteTally] = field(default_factory=dict)
    norms: Counter[str] = field(default_factory=Counter)
    residual: Counter[str] = field(default_factory=Counter)
    quantities: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)

    def of_one(self) -> NetworkRun:
        n = max(self.samples, 1)
        sites = {name: SiteRun(site.updates / n, site.spikes / n, site.neurons) for name, site in self.sites.items()}
        quantities = self.quantities + Counter({"norm": sum(self.norms.values())})
        quantities["relu"] += sum(site.updates for site in self.sites.values())
        return NetworkRun(
            layers=[layer.of_one(name, n) for name, layer in self.layers.items()],
            sites=sites,
            norms={name: amount / n for name, amount in self.norms.items()},
            residual={name: amount / n for name, amount in self.residual.items()},
            quantities={name: amount / n for name, amount in quantities.items()},
            unsupported={name: amount // max(self.passes, 1) for name, amount in self.unsupported.items()},
        )
