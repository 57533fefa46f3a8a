"""A current for every step: found in plain NumPy as well, and its promise measured."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv.convert.corrections import PASSES
from snnconv.convert.corrections.bias_per_step import ROUNDS
from snnconv.neurons.temporal import Timed

from ... import reference as ref
from ...networks import MLP, SHAPES, ResidualNet, SmallCNN, SpikeRecorder
from ...simulate.test_against_reference import array, layers
from .test_corrections import T, as_ann, plain


def expected(model: nn.Module, snn: snnconv.SpikingNetwork, x: Tensor) -> dict[str, ref.Array]:
    """{site: b [T, C]}, each from a simulation of its own under the currents found before it."""
    ann = as_ann(layers(model, snn))
    ref.simulate(ann, array(x), 1)
    wanted = {site.name: site.spikes[0] for site in ref.sites(ann)}
    found: dict[str, ref.Array] = {}
    for name, activation in wanted.items():
        parts = layers(model, snn)
        site = next(site for site in ref.sites(parts) if site.name == name)
        for other in ref.sites(parts):
            if other.name in found:
                other.offset = spread(
                    found[other.name], activation.ndim if other is site else np.ndim(wanted[other.name])
                )
        seen: list[ref.Array] = []
        step = site.step
        site.step = lambda current, seen=seen, step=step: (seen.append(current), step(current))[1]  # type: ignore[method-assign]
        ref.simulate(parts, array(x), T)
        found[name] = solve(site, seen, channels(activation))
    return found


def solve(site: ref.Spiking, currents: list[ref.Array], wanted: ref.Array) -> ref.Array:
    cells = ref.Spiking(site.name, site.neuron, site.theta, site.options)
    total, rows = np.zeros_like(wanted), []
    for t, current in enumerate(currents, 1):
        b = np.zeros_like(wanted)
        for _ in range(ROUNDS):
            b = b + t * wanted - total - channels(copy.deepcopy(cells).step(current + spread(b, current.ndim)))
        total = total + channels(cells.step(current + spread(b, current.ndim)))
        rows.append(b)
    return np.stack(rows)


def channels(value: ref.Array) -> ref.Array:
    """[B, C, …] → [C]."""
    return value.mean((0, *range(2, value.ndim)))


def spread(b: ref.Array, ndim: int) -> ref.Array:
    """[…, C] with positions behind, for inputs of so many dimensions."""
    return b.reshape(*b.shape, *[1] * (ndim - 2))


@pytest.mark.parametrize("net", [MLP, SmallCNN, ResidualNet])
def test_layer_by_layer(net: type[nn.Module]) -> None:
    x = torch.randn(6, *SHAPES[net], generator=torch.Generator().manual_seed(1))
    model, snn = plain(net, x)
    corrected = PASSES["bias-per-step"](snn, [(x[:4],), (x[4:],)], T)
    for name, value in expected(model, snn, x).items():
        ours = corrected.plan.sites[name].offset
        assert ours is not None
        np.testing.assert_allclose(ours.flatten(1).numpy(), value, atol=1e-5, err_msg=name)
        assert np.abs(value).max() > 0.01, "nothing to correct: the comparison says nothing"


def errors_by_step(snn: snnconv.SpikingNetwork, x: Tensor, site: str) -> ref.Array:
    """Mean over channels of |mean of θ·Σ_{k ≤ t} s − t·a| / t, for t = 1 … T."""
    recorder = SpikeRecorder()
    snn.run(x, observers=[recorder])
    kept: list[Tensor] = []
    handle = snn.ann.get_submodule(site).register_forward_hook(lambda _, __, out: kept.append(out))
    with torch.no_grad():
        snn.ann(x)
    handle.remove()
    sums = array(recorder.spikes[site].cumsum(0) * snn.sites[site].per_unit(x))
    steps = np.arange(1, len(sums) + 1)
    given = np.stack([channels(each) for each in sums])
    return np.abs(given / steps[:, None] - channels(array(kept[0]))).mean(1)


def test_means_are_met_after_every_step() -> None:
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(256, *SHAPES[SmallCNN])
    options = {"data": [x], "method": "if", "threshold": "max"}
    before, after = (snnconv.convert(model, 6, **options, corrections=c) for c in ((), ("bias-per-step",)))
    for site in before.sites:
        was, now = errors_by_step(before, x, site), errors_by_step(after, x, site)
        assert (now < 0.5 * was).all(), (site, was, now)


@pytest.mark.parametrize("method", ["if", "sdm", "srp", "cos", "dcgs", "mt"])
def test_every_neuron_steps_on_where_it_stopped(method: str) -> None:
    """Chunks and continued runs: the step index is part of the state. Steps of warm-up get nothing."""
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(8, *SHAPES[SmallCNN])
    snn = snnconv.convert(model, 4, data=[x], method=method, corrections=("bias-per-step",))
    whole = snn.run(x)
    for site in snn.plan.sites.values():
        assert site.offset is not None
        assert len(site.offset) == snn.warm_up + 4
        assert not site.offset[: snn.warm_up].any()
        assert site.offset[snn.warm_up :].any()
    snn.chunk = 1
    first = snn.run(x, T=1)
    rest = snn.run(x, T=3, state=first.state)
    assert isinstance(rest.state["relu1"], Timed)
    assert int(rest.state["relu1"].steps) == snn.warm_up + 4
    for site, spikes in whole.spikes.items():
        assert torch.equal(torch.cat([first.spikes[site], rest.spikes[site]]), spikes)
