"""What a spiking network is wired of: which spikes each layer reads, and what else it computes, for one sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from ...neurons.codes import Code

Reads = Literal["constant", "spikes", "float"]
Operation = Literal["conv", "linear", "product"]


SHOWN = 3  # names in a sentence


@dataclass(frozen=True)
class Layer:
    """One call of a convolution, a linear layer or a product with a constant matrix; sizes of one sample.

    Attributes:
        reads: "constant": it comes before the first neuron, the engine computes it once (the encoder); "spikes": whole
            numbers that neurons fired; "float": anything else that varies in time.
        macs: multiply-accumulates of one dense pass, taps on zero padding included, as every convention counts them.
        inputs, outputs: elements read and made.
        weights: elements of its weight.
        bias: outputs with a bias added, 0 where it has none.
    """

    reads: Reads
    operation: Operation
    macs: int
    inputs: int
    outputs: int
    weights: int
    bias: int

    def dense(self, weights: Mapping[str, float]) -> float:
        """Operations of one dense pass by a convention (its `weights`)."""
        return dense_operations(self.operation, self.macs, self.bias, weights)


def dense_operations(operation: Operation, macs: float, bias: float, weights: Mapping[str, float]) -> float:
    """What a convention (its `weights`) counts for so many multiply-accumulates and biases of a layer."""
    biases = {"conv": "conv_bias", "linear": "linear_bias", "product": "linear_bias"}[operation]
    return weights.get("mac", 0) * macs + weights.get(biases, 0) * bias


@dataclass(frozen=True)
class Synapse:
    """The connections from one source of spikes to one layer.

    Attributes:
        source: a neuron site, or the path of a max pooling on running sums, which hands on whole numbers too.
        layer: a name in `Connectivity.layers`.
        fan_out: int64, shaped like one sample of the source (its rows in front where it has several, see `Source`): the
            products of the layer that one spike of this neuron takes part in. Borders, stride, groups and dilation
            count by position. Through a sum or an average, a spike reaches each window that contains it once. A weight
            that happens to be 0 is a synapse all the same.
        share: the part of the layer's inputs that this source reaches, 0 to 1 (its channels of a concatenation).
    """

    source: str
    layer: str
    fan_out: Tensor
    share: float = 1.0


@dataclass(frozen=True)
class Source:
    """What fires spikes.

    Attributes:
        neurons: its elements, of one sample.
        code: what a spike of magnitude k costs.
        pool: a max pooling on running sums; False: a neuron site.
        rows: of the batch that make up one sample; above 1 where its frames are folded into the batch.
    """

    neurons: int
    code: Code
    pool: bool = False
    rows: int = 1


@dataclass(frozen=True)
class Connectivity:
    """The whole network, in execution order; every number is of one sample and, where time matters, one step.

    Attributes:
        residual: {path: elements} of explicit quanta (residual adds), of other products by constants, and of products
            element by element (gates): one multiply-accumulate each.
        norms: {path: elements} of BatchNorms that stayed, and of other normalisations.
        pools: {path: elements} summed up by running sums and means: max poolings, activations kept analog, analog
            operators.
        added: {place: elements} of constants added to varying values, outside layers.
        unsupported_ops: {operation: how often}: varying operations whose work is not known, and so not counted.
        floats: {layer: why it reads floats}, of those in `analog` that spikes would reach but for what stands between.
    """

    layers: dict[str, Layer] = field(default_factory=dict)
    synapses: list[Synapse] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    residual: dict[str, int] = field(default_factory=dict)
    norms: dict[str, int] = field(default_factory=dict)
    pools: dict[str, int] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    unsupported_ops: dict[str, int] = field(default_factory=dict)
    floats: dict[str, str] = field(default_factory=dict)

    @property
    def encoder(self) -> dict[str, int]:
        """{layer: MACs} of what is constant in time, computed once."""
        return self._macs("constant")

    @property
    def analog(self) -> dict[str, int]:
        """{layer: MACs per step} of layers that read floats."""
        return self._macs("float")

    @property
    def biases(self) -> dict[str, int]:
        """{layer: outputs with a bias}."""
        return {name: layer.bias for name, layer in self.layers.items() if layer.bias}

    @property
    def neurons(self) -> dict[str, int]:
        """{site: neurons}."""
        return {name: source.neurons for name, source in self.sources.items() if not source.pool}

    @property
    def without_fan_outs(self) -> Connectivity:
        """The same without what every single neuron reaches, which is most of it: counts hold what that was for."""
        bare = [replace(synapse, fan_out=torch.zeros(0, dtype=torch.int64)) for synapse in self.synapses]
        return replace(self, synapses=bare)

    @property
    def notices(self) -> list[str]:
        """Layers that spikes do not reach as such, though they are fired: one sentence for each reason."""
        groups: dict[str, list[str]] = {}
        for layer, why in self.floats.items():
            groups.setdefault(why, []).append(layer)
        return [f"{listed(layers)} counted as multiplying at every step: {why}" for why, layers in groups.items()]

    def _macs(self, reads: Reads) -> dict[str, int]:
        return {name: layer.macs for name, layer in self.layers.items() if layer.reads == reads}


def listed(layers: list[str]) -> str:
    """`fc is`, `a, b are`, or `12 layers (a, b, c …) are`."""
    if len(layers) > SHOWN:
        return f"{len(layers)} layers ({', '.join(layers[:SHOWN])} …) are"
    return f"{', '.join(layers)} {'is' if len(layers) == 1 else 'are'}"
