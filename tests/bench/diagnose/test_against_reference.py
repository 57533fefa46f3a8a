"""A diagnosis against the naive NumPy simulator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv import SpikingNetwork, convert
from snnconv.bench import diagnose
from snnconv.bench._diagnose import PARTS

from ... import reference as ref
from ...networks import SHAPES, dyadic, dyadic_batch, power_of_two
from ...simulate.test_against_reference import array, layers
from .settings import SETTINGS

T = 8  # a power of two: means of dyadic currents are exact


def reference_of(model: nn.Module, snn: SpikingNetwork, x: Tensor) -> dict[str, dict[str, Any]]:
    """What the issue is per site, from plain NumPy: the ANN's activations, the SNN's currents and spikes."""
    network = layers(model, snn)
    activations, currents = record(network, as_relu=True), {}
    run(network, x, 1)
    network = layers(model, snn)
    currents = record(network, as_relu=False)
    run(network, x, T)
    found = {}
    for site in ref.sites(network):
        spikes, a, z = np.stack(site.spikes), activations[site.name][0], np.mean(currents[site.name], axis=0)
        beta, v0 = int(site.options.get("beta", 1)), 0.5  # type: ignore[call-overload]
        split = {part: np.zeros_like(a) for part in PARTS}
        for place in np.ndindex(a.shape):
            theta = float(site.thetas[place])
            level = min(max(int(np.floor(T * z[place] / theta + v0)), 0), beta * T) * theta / T
            ideal, clipped = max(z[place], 0.0), min(max(z[place], 0.0), beta * theta)
            output = theta * spikes[(slice(None), *place)].sum() / T
            for part, value in zip(PARTS, (ideal - a[place], clipped - ideal, level - clipped, output - level)):
                split[part][place] = value
        silent = (spikes == 0).all(0)
        found[site.name] = {
            "neurons": a[0].size,
            "firing_rate": np.abs(spikes).mean(),
            "silent": 100 * silent.mean(),
            "dead": 100 * silent.all(0).mean(),
            "saturated": 100 * (spikes == beta).mean(),
            "negative": 100 * -spikes[spikes < 0].sum() / np.abs(spikes).sum(),
            "activation": np.abs(a).mean(),
            "bias": np.abs(site.thetas * spikes.mean(0) - a).mean(),
            "signed_bias": (site.thetas * spikes.mean(0) - a).mean(),
            "absolute": {part: np.abs(value).mean() for part, value in split.items()},
            "signed": {part: value.mean() for part, value in split.items()},
            "squared": {part: 100 * (value**2).mean() / (a**2).mean() for part, value in split.items()},
        }
    return found


def record(network: list[ref.Layer], *, as_relu: bool) -> dict[str, list[ref.Array]]:
    """Keep what the sites do at every step: their currents, or what a ReLU in their place gives."""
    kept: dict[str, list[ref.Array]] = {}

    def watched(site: ref.Spiking) -> Any:
        step = site.step

        def run(x: ref.Array) -> ref.Array:
            kept.setdefault(site.name, []).append(np.maximum(x, 0) if as_relu else x)
            return np.maximum(x, 0) if as_relu else step(x)

        return run

    for site in ref.sites(network):
        site.step = watched(site)  # type: ignore[method-assign]
    return kept


def run(network: list[ref.Layer], x: Tensor, steps: int) -> None:
    for _ in range(steps):
        ref.run_layers(network, array(x))


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("net", list(SHAPES))
def test_against_the_naive_simulator(net: type[nn.Module], options: dict[str, Any]) -> None:
    model, x = dyadic(net(), 3), dyadic_batch(SHAPES[net], count=5, seed=4)
    snn = convert(model, T, data=[x], threshold=power_of_two, **options)
    found = diagnose(snn, [x[:2], x[2:]])
    expected = reference_of(model, snn, x)
    assert [site.site for site in found.sites] == list(expected)
    assert (found.T, found.samples) == (T, 5)
    for site in found.sites:
        for name, value in expected[site.site].items():
            assert getattr(site, name) == pytest.approx(value, rel=1e-6, abs=1e-6), (site.site, name)
    assert all(sum(site.absolute[part] for site in found.sites) > 0 for part in ("inherited", "quantisation"))
    with torch.no_grad():
        ours, theirs = snn.run(x).logits[-1], model(x)
    assert found.output_error == pytest.approx(100 * float((ours - theirs).norm() / theirs.norm()), rel=1e-5)
    assert found.agreement == 100 * float((ours.argmax(1) == theirs.argmax(1)).double().mean())
