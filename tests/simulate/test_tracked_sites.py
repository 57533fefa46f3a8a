"""Networks of tracked activations against the naive NumPy simulator."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import snnconv

from .. import reference as ref
from ..networks import SpikeRecorder

Scalar = Callable[[float], float]
T = 8
ACTIVATIONS: dict[str, tuple[nn.Module, Scalar]] = {
    "silu": (nn.SiLU(), lambda x: x / (1 + math.exp(-x))),
    "gelu": (nn.GELU(), lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2),
    "gelu tanh": (
        nn.GELU("tanh"),
        lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "tanh": (nn.Tanh(), math.tanh),
    "leaky": (nn.LeakyReLU(0.25), lambda x: max(x, 0) + 0.25 * min(x, 0)),
    "hardswish": (nn.Hardswish(), lambda x: x * min(max(x + 3, 0), 6) / 6),
    "softplus": (nn.Softplus(2.0), lambda x: math.log1p(math.exp(2 * x)) / 2),
}


def both(activation: str, method: str, **options: Any) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
    module, function = ACTIVATIONS[activation]
    model = nn.Sequential(nn.Linear(6, 8), module, nn.Linear(8, 8), copy.deepcopy(module), nn.Linear(8, 3)).eval()
    x, recorder = torch.randn(5, 6), SpikeRecorder()
    snn = snnconv.convert(model, T, data=[x], method=method, threshold="max", **options)

    def linear(layer: Any) -> ref.Linear:
        return ref.Linear(*(value.detach().double().numpy() for value in (layer.weight, layer.bias)))

    def site(name: str) -> ref.Spiking:
        plan = snn.plan.sites[name]
        assert plan.neuron == "tracking"
        assert plan.threshold is not None
        theta = plan.threshold.double().numpy() * plan.options["alpha"]
        return ref.Spiking(name, "tracking", theta, {"beta": plan.options["beta"], "function": function})

    layers = [linear(model[0]), site("1"), linear(model[2]), site("3"), linear(model[4])]
    means, spikes = ref.simulate(layers, x.double().numpy(), T)
    run = snn.run(x, observers=[recorder])
    return {name: s.double().numpy() for name, s in recorder.spikes.items()}, spikes, run.logits.numpy(), means


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_spikes_are_those_of_the_reference(activation: str) -> None:
    """But for one whose value is within an ulp of a half."""
    ours, theirs, logits, means = both(activation, "sdm-zero")
    assert list(ours) == list(theirs)
    assert sum(int((ours[site] != spikes).sum()) for site, spikes in theirs.items()) == 0
    assert all((spikes != 0).any() for spikes in theirs.values())
    np.testing.assert_allclose(logits, means, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["if", "mt", "mt-signed", "snm", "burst", "gn"])
def test_the_quantum_and_the_limit_are_those_of_the_method(method: str) -> None:
    ours, theirs, *_ = both("silu", method)
    for site, spikes in theirs.items():
        np.testing.assert_array_equal(ours[site], spikes, err_msg=site)
