"""Converted networks against the naive NumPy simulator: the same spikes, one by one."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv import METHODS, SpikingNetwork
from snnconv.convert.build import with_sites
from snnconv.methods.corrections import CORRECTIONS

from .. import reference as ref
from ..networks import (
    FED_BY,
    MLP,
    SHAPES,
    ResidualNet,
    SmallCNN,
    SpikeRecorder,
    dyadic,
    dyadic_batch,
    on_grid,
    power_of_two,
)

T = 6
NETS = list(SHAPES)
SD_OPTIONS = [
    {"beta": beta, "down_limit": down, "gate": gate, "retract": retract}
    for beta, gate, retract in itertools.product((1, 3), ("memory", "input"), ("threshold", "zero"))
    for down in sorted({0, 1, beta})
]


def layers(model: nn.Module, snn: SpikingNetwork) -> list[ref.Layer]:
    """The same network out of the reference's parts, with the thresholds and corrections of the plan."""
    model = with_weights(model, snn)

    def site(name: str) -> ref.Spiking:
        plan = snn.plan.sites[name]
        assert plan.neuron is not None
        assert plan.threshold is not None
        options = dict(plan.options)
        scale = options.pop("alpha", 1.0) * 2.0 ** (1 - options.get("bits", 1))
        offset, potential = (None if value is None else array(value) for value in (plan.offset, plan.potential))
        return ref.Spiking(name, plan.neuron, array(plan.threshold) * scale, options, offset, potential)

    pool = ref.DifferentialMaxPool if any(neuron.differential for neuron in snn.sites.values()) else ref.MaxPool

    def conv(module: Any) -> ref.Conv:
        bias = None if module.bias is None else array(module.bias)
        return ref.Conv(array(module.weight), bias, module.stride[0], module.padding[0], module.groups)

    def linear(module: nn.Linear) -> ref.Linear:
        return ref.Linear(array(module.weight), array(module.bias))

    if isinstance(model, SmallCNN):
        head = [conv(model.conv1), site("relu1"), pool(2), conv(model.conv2), site("relu2")]
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


def with_weights(model: nn.Module, snn: SpikingNetwork) -> nn.Module:
    """A copy of the model with the weights that the plan corrects."""
    corrected = copy.deepcopy(model)
    for name, plan in snn.plan.sites.items():
        if plan.weight is not None:
            values = {"weight": plan.weight} if plan.bias is None else {"weight": plan.weight, "bias": plan.bias}
            corrected.get_submodule(FED_BY[type(model)][name]).load_state_dict(values)
    return corrected


def array(x: torch.Tensor) -> ref.Array:
    return x.detach().double().numpy()


def both(
    model: nn.Module, x: torch.Tensor, steps: int = T, **options: Any
) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
    """Spikes and running mean outputs, ours and the reference's."""
    snn = rounded(snnconv.convert(model, steps, data=[x], **options))
    recorder = SpikeRecorder()
    run = snn.run(x, observers=[recorder])
    means, spikes = reference_run(layers(model, snn), snn, array(x), steps)
    return {site: s.double().numpy() for site, s in recorder.spikes.items()}, spikes, run.logits.double().numpy(), means


def reference_run(parts: list[ref.Layer], snn: SpikingNetwork, x: ref.Array, steps: int) -> tuple[Any, Any]:
    """COS neurons need a simulation of one layer after the other, differential ones one of differences."""
    neurons = {plan.neuron for plan in snn.plan.sites.values()}
    if "cos" in neurons:
        return ref.simulate_in_layers(parts, x, steps, snn.warm_up)
    if "differential" in neurons:
        return ref.simulate_differences(parts, x, steps)
    return ref.simulate(parts, x, steps, snn.warm_up)


def rounded(snn: SpikingNetwork) -> SpikingNetwork:
    """Its corrections on a dyadic grid, so that sums with them are exact; how they are found is tested elsewhere."""

    def on(value: torch.Tensor | None) -> torch.Tensor | None:
        return None if value is None else on_grid(value, 2.0**-10)

    kinds = ("offset", "potential", "weight", "bias")
    plans = snn.plan.sites.items()
    return with_sites(snn, {n: replace(p, **{kind: on(getattr(p, kind)) for kind in kinds}) for n, p in plans})


def agree(model: nn.Module, x: torch.Tensor, **options: Any) -> None:
    ours, theirs, logits, means = both(model, x, threshold=power_of_two, **options)
    assert list(ours) == list(theirs)
    for site, spikes in theirs.items():
        assert np.abs(spikes).max() > 0, f"{site} never fired: the comparison says nothing"
        np.testing.assert_array_equal(ours[site], spikes, err_msg=site)
    np.testing.assert_allclose(logits, means, rtol=1e-6, atol=1e-6)


def exact_options(method: str) -> dict[str, Any]:
    """α a power of two; as many steps as keep sums exact: currents of θ/2T, and means over t, need a power of two."""
    alpha = METHODS[method].options.get("alpha")
    steps = 2 if METHODS[method].neuron == "differential" else 8 if METHODS[method].at_T else T
    exact = alpha is None or np.log2(alpha) == int(np.log2(alpha))
    return {"alpha": alpha if exact else 0.25, "steps": steps}


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("net", NETS)
def test_every_method(net: type[nn.Module], method: str) -> None:
    agree(dyadic(net()), dyadic_batch(SHAPES[net]), method=method, **exact_options(method))


@pytest.mark.parametrize("correction", list(CORRECTIONS))
@pytest.mark.parametrize("method", {METHODS[name].neuron: name for name in METHODS}.values())
def test_every_correction_of_every_neuron(method: str, correction: str) -> None:
    if METHODS[method].neuron == "differential" and correction == "bias-per-step":
        pytest.skip("in the reference a bias of differential neurons is constant")
    options = {"corrections": (correction,), **exact_options(method)}
    agree(dyadic(SmallCNN()), dyadic_batch(SHAPES[SmallCNN]), method=method, **options)


@pytest.mark.parametrize("granularity", ["layer", "channel"])
@pytest.mark.parametrize("method", {METHODS[name].neuron: name for name in METHODS}.values())
def test_every_granularity(method: str, granularity: str) -> None:
    options = {"per_channel": granularity == "channel", **exact_options(method)}
    agree(dyadic(SmallCNN()), dyadic_batch(SHAPES[SmallCNN]), method=method, **options)


@pytest.mark.parametrize("options", SD_OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_every_sd_option(options: dict[str, Any]) -> None:
    agree(dyadic(SmallCNN(), 3), dyadic_batch(SHAPES[SmallCNN], seed=4), method="sdm", alpha=0.5, **options)


def test_negative_spikes_travel() -> None:
    ours, theirs, *_ = both(
        dyadic(ResidualNet()), dyadic_batch(SHAPES[ResidualNet]), method="sdm-zero", alpha=0.5, threshold=power_of_two
    )
    assert any((spikes < 0).any() for spikes in theirs.values())
    assert all((ours[site] == spikes).all() for site, spikes in theirs.items())


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("method", [pytest.param("auto", marks=pytest.mark.slow), "dcgs", "cos"])
def test_random_weights_flip_few_spikes(net: type[nn.Module], method: str, record_property: Any) -> None:
    """Rounding may flip a spike whose potential is within an ulp of the threshold."""
    torch.manual_seed(5)
    ours, theirs, logits, means = both(net().eval(), torch.randn(4, *SHAPES[net]), method=method)
    flipped = sum(int((ours[site] != spikes).sum()) for site, spikes in theirs.items())
    total = sum(spikes.size for spikes in theirs.values())
    record_property("flipped spikes", f"{flipped} of {total}")
    assert flipped <= 1e-3 * total
    if not flipped:
        np.testing.assert_allclose(logits, means, rtol=1e-4, atol=1e-5)
