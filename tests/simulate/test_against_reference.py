"""Converted networks against the naive NumPy simulator: the same spikes, one by one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv import METHODS, SpikingNetwork

from .. import reference as ref
from ..networks import MLP, SHAPES, ResidualNet, SmallCNN, SpikeRecorder, dyadic, dyadic_batch, power_of_two

T = 6
NETS = list(SHAPES)
SD_OPTIONS = [
    {"beta": beta, "down_limit": down, "gate": gate, "retract": retract}
    for beta, gate, retract in itertools.product((1, 3), ("memory", "input"), ("threshold", "zero"))
    for down in sorted({0, 1, beta})
]


def layers(model: nn.Module, snn: SpikingNetwork) -> list[ref.Layer]:
    """The same network out of the reference's parts, with the thresholds of the plan."""

    def site(name: str) -> ref.Spiking:
        plan = snn.plan.sites[name]
        assert plan.neuron is not None
        assert plan.threshold is not None
        options = dict(plan.options)
        theta = plan.threshold.double().numpy() * options.pop("alpha")
        return ref.Spiking(name, plan.neuron, theta, options)

    def conv(module: Any) -> ref.Conv:
        bias = None if module.bias is None else array(module.bias)
        return ref.Conv(array(module.weight), bias, module.stride[0], module.padding[0], module.groups)

    def linear(module: nn.Linear) -> ref.Linear:
        return ref.Linear(array(module.weight), array(module.bias))

    if isinstance(model, SmallCNN):
        head = [conv(model.conv1), site("relu1"), ref.MaxPool(2), conv(model.conv2), site("relu2")]
        return [*head, ref.AvgPool(2), ref.Flatten(), linear(model.fc)]
    if isinstance(model, ResidualNet):
        block = model.block
        body = [conv(block.conv1), site("block.relu"), conv(block.conv2)]
        return [
            conv(model.stem), site("relu"), ref.Residual([conv(model.same)]), site("relu#2"),
            ref.Residual(body, [conv(block.down)]), site("block.relu#2"), ref.Flatten(), linear(model.fc),
        ]  # fmt: skip
    assert isinstance(model, MLP)
    return [linear(model[0]), site("1"), linear(model[2]), site("3"), linear(model[4])]


def array(x: torch.Tensor) -> ref.Array:
    return x.detach().double().numpy()


def both(model: nn.Module, x: torch.Tensor, **options: Any) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
    """Spikes and running mean outputs, ours and the reference's."""
    snn = snnconv.convert(model, T, data=[x], **options)
    recorder = SpikeRecorder()
    run = snn.run(x, observers=[recorder])
    means, spikes = ref.simulate(layers(model, snn), array(x), T)
    return {site: s.double().numpy() for site, s in recorder.spikes.items()}, spikes, run.logits.double().numpy(), means


def agree(model: nn.Module, x: torch.Tensor, **options: Any) -> None:
    ours, theirs, logits, means = both(model, x, threshold=power_of_two, **options)
    assert list(ours) == list(theirs)
    for site, spikes in theirs.items():
        assert np.abs(spikes).max() > 0, f"{site} never fired: the comparison says nothing"
        np.testing.assert_array_equal(ours[site], spikes, err_msg=site)
    np.testing.assert_allclose(logits, means, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("per_channel", [False, True], ids=["layer", "channel"])
@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("net", NETS)
def test_every_method(net: type[nn.Module], method: str, per_channel: bool) -> None:
    alpha = METHODS[method].options["alpha"]
    exact = alpha if np.log2(alpha) == int(np.log2(alpha)) else 0.25
    agree(dyadic(net()), dyadic_batch(SHAPES[net]), method=method, per_channel=per_channel, alpha=exact)


@pytest.mark.parametrize("options", SD_OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_every_sd_option(options: dict[str, Any]) -> None:
    agree(dyadic(SmallCNN(), 3), dyadic_batch(SHAPES[SmallCNN], seed=4), method="sdm", alpha=0.5, **options)


def test_negative_spikes_travel() -> None:
    ours, theirs, *_ = both(
        dyadic(ResidualNet()), dyadic_batch(SHAPES[ResidualNet]), method="auto", alpha=0.5, threshold=power_of_two
    )
    assert any((spikes < 0).any() for spikes in theirs.values())
    assert all((ours[site] == spikes).all() for site, spikes in theirs.items())


@pytest.mark.parametrize("net", NETS)
def test_random_weights_flip_few_spikes(net: type[nn.Module], record_property: Any) -> None:
    """Rounding may flip a spike whose potential is within an ulp of the threshold."""
    torch.manual_seed(5)
    ours, theirs, logits, means = both(net().eval(), torch.randn(4, *SHAPES[net]), method="auto")
    flipped = sum(int((ours[site] != spikes).sum()) for site, spikes in theirs.items())
    total = sum(spikes.size for spikes in theirs.values())
    record_property("flipped spikes", f"{flipped} of {total}")
    assert flipped <= 1e-3 * total
    if not flipped:
        np.testing.assert_allclose(logits, means, rtol=1e-4, atol=1e-5)
