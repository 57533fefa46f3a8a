"""What a network did, for one sample over all its time steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..parts import Operation, Reads, dense_operations


@dataclass(frozen=True)
class LayerRun:
    """One call of a convolution, a linear layer, or a product of two values; of one sample, over all steps.

    Attributes:
        name: the module's path; of a product the path and the operation; `name#2` for a second call there.
        reads: "spikes": at least one factor is; "float": real numbers that neurons had a part in; "constant": what no
            neuron comes before, as frames.
        macs: multiply-accumulates were it dense, taps on zero padding included.
        acs: accumulations that its spikes cause, exactly; of a product of spikes by spikes those where both fire.
        rates: mean spikes per element of each factor that is spikes.
        bias: additions of a bias, at every step; that of a BatchNorm folded into it too.
        writes: elements made.
        weights, inputs, outputs: stored elements at one step. Where nothing in it is constant, weights are the second
            factor.
        at_input: it reads the network's input itself.
    """

    name: str
    operation: Operation
    reads: Reads
    macs: float
    acs: float
    rates: tuple[float, ...]
    bias: float
    writes: float
    weights: int
    inputs: int
    outputs: int
    at_input: bool = False

    @property
    def rate(self) -> float | None:
        """The firing rate that bounds its accumulations: of two factors the lower one; None: it reads no spikes."""
        return min(self.rates, default=None)

    def dense(self, weights: Mapping[str, float]) -> float:
        """Operations of the dense layer by a convention (its `weights`)."""
        return dense_operations(self.operation, self.macs, self.bias, weights)


@dataclass(frozen=True)
class SiteRun:
    """A spiking layer: updates of its neurons over all steps, spikes, and neurons of one step."""

    updates: float
    spikes: float
    neurons: int

    @property
    def rate(self) -> float:
        return self.spikes / self.updates if self.updates else 0.0


@dataclass(frozen=True)
class NetworkRun:
    """Everything, in execution order, for one sample.

    Attributes:
        norms: {path: elements} normalised by what folds into no layer. residual: {path: elements} of products element
            by element (gates). Of both one multiply-accumulate each.
        sites: {path of the spiking layer: what it did}.
        quantities: what conventions count besides: "norm", "relu" (a spiking layer is one in the ANN), "pool_input",
            "adaptive_pool_input".
        unsupported: {operation: how often} of a pass, neither counted nor priced.
    """

    layers: list[LayerRun]
    sites: dict[str, SiteRun]
    norms: dict[str, float] = field(default_factory=dict)
    residual: dict[str, float] = field(default_factory=dict)
    quantities: dict[str, float] = field(default_factory=dict)
    unsupported: dict[str, int] = field(default_factory=dict)

    @property
    def acs(self) -> float:
        return sum(layer.acs for layer in self.layers)

    @property
    def macs(self) -> float:
        """All multiply-accumulates of values that are not spikes."""
        return sum(layer.macs for layer in self.layers if layer.reads != "spikes") + self.gates

    @property
    def gates(self) -> float:
        return sum(self.norms.values()) + sum(self.residual.values())
