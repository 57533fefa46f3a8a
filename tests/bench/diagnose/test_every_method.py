"""Every method through a diagnosis, against its site's neurons in plain Python: warm-up, corrections, differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from snnconv import METHODS, SpikingNetwork, convert
from snnconv.bench import diagnose
from snnconv.bench._diagnose import PARTS
from snnconv.calib import Site

from ... import reference as ref
from ...networks import SHAPES, ResidualNet, SmallCNN, dyadic, dyadic_batch, power_of_two
from ...simulate.test_against_reference import array, rounded

WARM_UP = {"srp": 4, "cos": 4}
T = {name: 2 if METHODS[name].neuron == "differential" else 8 for name in METHODS}  # means over T stay exact


class Recorder:
    """Currents and spikes of every site, [W + T, B, …]."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[list[Tensor], list[Tensor]]] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        currents, fired = self.parts.setdefault(site, ([], []))
        currents.append(current.clone())
        fired.append(spikes.clone())

    def of(self, site: str) -> tuple[ref.Array, ref.Array]:
        currents, fired = self.parts[site]
        return array(torch.cat(currents)), array(torch.cat(fired))


def neurons_of(snn: SpikingNetwork, site: str) -> ref.Spiking:
    plan = snn.plan.sites[site]
    assert plan.neuron is not None
    assert plan.threshold is not None
    options = dict(plan.options)
    scale = options.pop("alpha", 1.0) * 2.0 ** (1 - options.get("bits", 1))
    offset, potential = (None if value is None else array(value) for value in (plan.offset, plan.potential))
    return ref.Spiking(site, plan.neuron, array(plan.threshold) * scale, options, offset, potential)


def decoded(spikes: ref.Array, differential: bool) -> ref.Array:
    """m(t − 1) + s(t), where spikes are differences."""
    if not differential:
        return spikes
    steps = np.arange(1, len(spikes) + 1).reshape(-1, *[1] * (spikes.ndim - 1))
    means = np.cumsum(spikes / steps, axis=0)
    return np.concatenate([0 * means[:1], means[:-1]]) + spikes


def static(neurons: ref.Spiking, z: ref.Array, steps: int) -> ref.Array:
    """Spikes for the input z at every step."""
    if neurons.neuron == "differential":  # gets differences: a first step without any, then z once
        neurons.step(0 * z)
        return np.stack([neurons.step(z if t == 0 else 0 * z) for t in range(steps)]) / neurons.thetas
    neurons.prepare(z)
    for cell, current in zip(neurons.cells, z.flat, strict=True):
        if hasattr(cell, "try_out"):
            cell.try_out([float(current)] * steps)
    neurons.spikes = [0 * z]  # ready: nothing is to be prepared again
    return np.stack([neurons.step(z) for _ in range(steps)]) / neurons.thetas


def expected_of(snn: SpikingNetwork, x: Tensor, T: int) -> dict[str, dict[str, Any]]:
    recorder, activations = Recorder(), dict[str, ref.Array]()
    snn.run(x, T=T, observers=[recorder])
    for site in snn.sites:
        snn.ann.get_submodule(site).register_forward_hook(
            lambda _m, _a, y, site=site: activations.__setitem__(site, array(y))
        )
    with torch.no_grad():
        snn.ann(x)
    found = {}
    for site in snn.sites:
        (currents, spikes), a, neurons = recorder.of(site), activations[site], neurons_of(snn, site)
        differential = neurons.neuron == "differential"
        sent = decoded(spikes, differential)[-T:]
        offset = 0.0 if neurons.offset is None else ref.whole(neurons.offset, a)
        z = currents[-T:].mean(0) - offset
        level = decoded(static(neurons, z, len(spikes)), differential)[-T:].mean(0) * neurons.thetas
        most = 128 if differential else 2 ** neurons.options.get("bits", 0) - 1 or neurons.options.get("beta", 1)
        reach = most * sum(1 / t for t in range(1, T + 1)) if differential else most  # type: ignore[operator]
        ideal, output = np.maximum(z, 0), sent.mean(0) * neurons.thetas
        clipped = np.minimum(ideal, reach * neurons.thetas)
        split = dict(zip(PARTS, (ideal - a, clipped - ideal, level - clipped, output - level), strict=True))
        found[site] = {
            "bias": np.abs(output - a).mean(),
            "signed_bias": (output - a).mean(),
            "silent": 100 * (spikes == 0).all(0).mean(),
            "absolute": {part: np.abs(value).mean() for part, value in split.items()},
            "signed": {part: value.mean() for part, value in split.items()},
        }
    return found


@pytest.mark.parametrize("net", [SmallCNN, ResidualNet])
@pytest.mark.parametrize("method", list(METHODS))
def test_every_method(method: str, net: type[torch.nn.Module]) -> None:
    x, steps = dyadic_batch(SHAPES[net], count=4, seed=4), T[method]
    alpha = METHODS[method].options.get("alpha")
    exact = alpha is None or np.log2(alpha) == int(np.log2(alpha))
    options = {"alpha": alpha if exact else 0.25, "threshold": power_of_two, "bits": 4 if method == "auto" else None}
    snn = rounded(convert(dyadic(net(), 3), steps, data=[x], method=method, **options))
    found = diagnose(snn, [x[:1], x[1:]])
    expected = expected_of(snn, x, steps)
    assert (found.T, found.warm_up, found.latency) == (steps, WARM_UP.get(method, 0), steps + WARM_UP.get(method, 0))
    assert [site.site for site in found.sites] == list(expected)
    for site in found.sites:
        for name, value in expected[site.site].items():
            assert getattr(site, name) == pytest.approx(value, rel=1e-5, abs=1e-6), (site.site, name)
    assert sum(site.absolute["quantisation"] for site in found.sites) > 0
    assert found.sites[0].absolute["inherited"] == pytest.approx(0, abs=1e-6)
    assert found.sites[0].absolute["unevenness"] == pytest.approx(0, abs=1e-6)  # its input is constant


@pytest.mark.parametrize("method", ["rts", "snnc-light", "snnc-advanced"])
def test_chunks_of_time_change_nothing_of_corrected_networks(method: str) -> None:
    x = torch.randn(4, *SHAPES[SmallCNN])
    snn = convert(SmallCNN().eval(), 5, data=[x], method=method)
    whole = diagnose(snn, [x]).sites
    snn.chunk = 2
    assert diagnose(snn, [x]).sites == whole


def test_a_delayed_read_out_is_latency() -> None:
    """z and φ are those of the last 4 of 7 steps; spikes are counted in all 7."""
    x = dyadic_batch(SHAPES[SmallCNN], count=4)
    options: dict[str, Any] = {"data": [x], "method": "ltb", "threshold": power_of_two}
    late = convert(dyadic(SmallCNN()), 4, delay=3, **options)
    found, expected = diagnose(late, [x]), expected_of(late, x, 4)
    assert (found.T, found.latency, found.time) == (4, 7, "T = 4 after 3 steps of warm-up")
    for site in found.sites:
        assert site.absolute == pytest.approx(expected[site.site]["absolute"], abs=1e-6)
    plain = diagnose(convert(dyadic(SmallCNN()), 7, **options), [x])
    assert [site.firing_rate for site in found.sites] == [site.firing_rate for site in plain.sites]
    assert found.sites[0].bias != plain.sites[0].bias


def test_binary_weighted_spikes_count_their_bits() -> None:
    """One step of 0.5 and of 0.75 in units of 1/16: 8 is one spike, 12 are two, of 1 neuron each."""

    def one(site: Site) -> Tensor:
        return torch.ones_like(site.values.maximum)

    model = torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU(), torch.nn.Linear(2, 2)).eval()
    x = torch.tensor([[0.5, 0.75]])
    snn = convert(model, 1, data=[x], method="mt", threshold=one, alpha=0.5)
    assert diagnose(snn, [x]).sites[0].firing_rate == pytest.approx((events(0.5) + events(0.75)) / 2)


def events(activation: float) -> int:
    """Bits set of ⌊16 a + ½⌋, θ = ½/2³ = 1/16."""
    return f"{int(16 * activation + 0.5):b}".count("1")
