"""The fan-out of every single neuron against enumeration, for every kind of layer and of what stands before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

import snnconv
from snnconv.cost.synops import Connectivity, wiring
from snnconv.cost.synops.walk import wiring_of
from snnconv.graph.graphs import module_calls
from snnconv.neurons import Scale

from . import naive
from .cases import CASES, UNSCALED, Case, Chain


def expected_fan_out(case: Case) -> naive.Array:
    """One row with a single spike for every neuron."""
    neurons = int(np.prod(case.shape))
    return case.expected(np.eye(neurons).reshape(neurons, *case.shape)).reshape(case.shape)


def converted(case: Case, **options: Any) -> snnconv.SpikingNetwork:
    model = Chain(case.shape, case.layer(), case.between).eval()
    return snnconv.convert(model, data=[torch.randn(4, *case.shape)], **options)


def check(found: Connectivity, case: Case) -> None:
    (synapse,) = found.synapses
    assert synapse.source == "relu"
    assert synapse.share == 1.0
    assert found.layers[synapse.layer].reads == "spikes"
    assert not found.unsupported_ops
    assert not found.analog
    assert synapse.fan_out.dtype == torch.int64
    np.testing.assert_array_equal(synapse.fan_out.numpy(), expected_fan_out(case))


@pytest.mark.parametrize("name", CASES)
def test_every_neuron(name: str) -> None:
    """One quantum for the whole site: it passes everything that stands between."""
    check(wiring(converted(CASES[name], method="sdm")), CASES[name])


def without_quanta(model: nn.Module, shape: tuple[int, ...]) -> fx.GraphModule:
    """A network with θ = αλ = 1: the explicit quanta multiply by 1, and it is the same without them."""
    data = [torch.randn(4, *shape)]
    network = snnconv.convert(
        model.eval(), data=data, method="sdm", alpha=0.5, threshold=lambda site: torch.tensor(2.0)
    ).network
    for node, scale in module_calls(network, Scale):
        assert isinstance(scale, Scale)
        assert (scale.factor == 1).all()
        assert len(node.args) == 1
        node.replace_all_uses_with(node.all_input_nodes[0])
        network.graph.erase_node(node)
    return network


@pytest.mark.parametrize("name", UNSCALED)
def test_every_neuron_where_quanta_are_one(name: str) -> None:
    case = UNSCALED[name]
    check(wiring_of(without_quanta(Chain(case.shape, case.layer(), case.between), case.shape)), case)


class Mixed(nn.Module):
    """Spikes with something else among them."""

    def __init__(self, mix: Callable[[Tensor, Tensor], Tensor], channels: int) -> None:
        super().__init__()
        self.stem, self.layer, self.mix = nn.Conv2d(2, 2, 1), nn.Conv2d(channels, 3, 3), mix

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.mix(torch.relu(self.stem(x)), x))


MIXTURES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], int]] = {
    "with the input beside": (lambda spikes, x: torch.cat([spikes, x], 1), 4),
    "with the input added": (lambda spikes, x: torch.add(spikes, x, alpha=2), 2),
    "with the input taken away": (lambda spikes, x: torch.sub(x, spikes), 2),
    "with a number added": (lambda spikes, x: spikes + 1, 2),
    "padded with ones": (lambda spikes, x: F.pad(spikes, (1, 1, 1, 1), value=1.0), 2),
}


@pytest.mark.parametrize("name", MIXTURES)
def test_spikes_mixed_with_floats_are_floats(name: str) -> None:
    mix, channels = MIXTURES[name]
    found = wiring_of(without_quanta(Mixed(mix, channels), (2, 5, 5)))
    assert not found.synapses
    assert not found.unsupported_ops
    assert list(found.analog) == ["layer"]


@pytest.mark.parametrize("name", UNSCALED)
def test_scaled_spikes_are_floats(name: str) -> None:
    """As converted, the quantum is applied before these operations: a multiplication each, and a dense layer."""
    case = UNSCALED[name]
    found = wiring(converted(case))
    assert not found.synapses
    assert not found.unsupported_ops
    assert set(found.residual.values()) == {int(np.prod(case.shape))}
    assert len(found.analog) == 1
