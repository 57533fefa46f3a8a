"""Corrections of the spiking network against the naive simulator, which is corrected layer by layer in plain NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import SpikingNetwork
from snnconv.calib.samples import SampleBuffer
from snnconv.convert.build import build
from snnconv.convert.corrections import PASSES

from ... import reference as ref
from ...networks import MLP, SHAPES, ResidualNet, SmallCNN, power_of_two
from ...simulate.test_against_reference import array, layers

T = 5


class Kink(ref.Spiking):
    """A site of the ANN: the ReLU, remembering its activations."""

    def step(self, x: ref.Array) -> ref.Array:
        self.spikes.append(np.maximum(x, 0))
        return self.spikes[-1]


def as_ann(parts: list[ref.Layer]) -> list[ref.Layer]:
    def swap(layer: ref.Layer) -> ref.Layer:
        if isinstance(layer, ref.Residual):
            return ref.Residual([swap(part) for part in layer.body], [swap(part) for part in layer.shortcut])
        return Kink(layer.name, "", layer.theta) if isinstance(layer, ref.Spiking) else layer

    return [swap(layer) for layer in parts]


def plain(net: type[nn.Module], x: Tensor) -> tuple[nn.Module, SpikingNetwork]:
    """IF neurons without any correction, v(0) = 0."""
    torch.manual_seed(3)
    model = net().eval()
    return model, snnconv.convert(model, T, data=[x], method="rnl", threshold=power_of_two)


def expected(model: nn.Module, snn: SpikingNetwork, x: Tensor, kind: str) -> dict[str, ref.Array]:
    """{site: its correction}, each found from a simulation of its own under the corrections before it."""
    ann = as_ann(layers(model, snn))
    ref.simulate(ann, array(x), 1)
    wanted = {site.name: site.spikes[0].mean(0) for site in ref.sites(ann)}
    found: dict[str, ref.Array] = {}
    for name in wanted:
        parts = layers(model, snn)
        for site in ref.sites(parts):
            if site.name in found:
                site.offset, site.potential = (found[site.name], None) if kind == "bias" else (None, found[site.name])
        ref.simulate(parts, array(x), T)
        site = next(site for site in ref.sites(parts) if site.name == name)
        error = wanted[name] - (np.stack(site.spikes).mean(0) * site.thetas).mean(0)
        found[name] = error.reshape(len(error), -1).mean(1) if kind == "bias" else error * T
    return found


@pytest.mark.parametrize("kind", ["bias", "potential"])
@pytest.mark.parametrize("net", [MLP, SmallCNN, ResidualNet])
def test_layer_by_layer(net: type[nn.Module], kind: str) -> None:
    x = torch.randn(6, *SHAPES[net], generator=torch.Generator().manual_seed(1))
    model, snn = plain(net, x)
    corrected = PASSES[kind](snn, [(x[:4],), (x[4:],)], T)
    for name, value in expected(model, snn, x, kind).items():
        plan = corrected.plan.sites[name]
        ours = plan.offset if kind == "bias" else plan.potential
        assert ours is not None
        np.testing.assert_allclose(ours.numpy(), value, atol=1e-5, err_msg=name)
        assert np.abs(value).max() > 0.01, "nothing to correct: the comparison says nothing"
    assert all(site.offset is None and site.potential is None for site in snn.plan.sites.values())


def test_shift() -> None:
    x = torch.randn(4, *SHAPES[SmallCNN])
    _, snn = plain(SmallCNN, x)
    shifted = PASSES["shift"](snn, [], 8)
    for name, site in shifted.plan.sites.items():
        assert site.offset is not None
        assert torch.equal(site.offset, snn.sites[name].theta / 16)


@pytest.mark.parametrize("first", ["bias", "bias-per-step"])
def test_a_shift_adds_to_what_was_found_before(first: str) -> None:
    x = torch.randn(4, *SHAPES[SmallCNN])
    _, snn = plain(SmallCNN, x)
    once = PASSES[first](snn, [(x,)], T)
    for name, site in PASSES["shift"](once, [], T).plan.sites.items():
        before = once.plan.sites[name].offset
        assert before is not None
        assert site.offset is not None
        torch.testing.assert_close(site.offset, before + snn.sites[name].theta / (2 * T))


@pytest.mark.parametrize("method", ["snnc-light", "snnc-advanced"])
def test_calibration_takes_the_mean_error_away(method: str) -> None:
    """On samples that it has not seen, against the same thresholds with the shift alone."""
    torch.manual_seed(0)
    model = ResidualNet().eval()
    x, unseen = torch.randn(128, *SHAPES[ResidualNet]), torch.randn(128, *SHAPES[ResidualNet])
    calibrated = snnconv.convert(model, 4, data=[x], method=method)
    shifted = snnconv.convert(model, 4, data=[x], method="rts", threshold="clip-floor")
    with torch.no_grad():
        errors = [float((snn(unseen) - model(unseen)).mean(0).abs().sum()) for snn in (calibrated, shifted)]
    assert errors[0] < 0.6 * errors[1]


def test_kept_samples_are_the_first_and_every_batch_goes_on() -> None:
    batches = [(torch.full((5, 2), float(i)), torch.zeros(5, 1)) for i in range(4)]
    kept = SampleBuffer(batches, 12)
    assert list(kept) == batches
    assert [len(sample[0]) for sample in kept.samples] == [5, 5, 2]
    assert [float(sample[0][0, 0]) for sample in kept.samples] == [0, 1, 2]
    nothing = SampleBuffer(batches, 0)
    assert len(list(nothing)) == 4
    assert nothing.samples == []


def test_corrected_networks_correct_again_from_where_they_are() -> None:
    """A second pass of the bias adds to the first."""
    x = torch.randn(6, *SHAPES[MLP])
    _, snn = plain(MLP, x)
    start = {name: replace(site, offset=torch.tensor(0.25)) for name, site in snn.plan.sites.items()}
    moved = build(snn.ann, replace(snn.plan, sites=start))
    corrected = PASSES["bias"](moved, [(x,)], T)
    first = next(iter(corrected.plan.sites.values()))
    recorded = moved.run(x, T=T)
    site = next(iter(recorded.spikes))
    assert first.offset is not None
    wanted = torch.relu(moved.ann.get_submodule("0")(x)).mean()
    gave = recorded.spikes[site].sum() * moved.sites[site].theta / (T * x.shape[0] * recorded.neurons[site])
    torch.testing.assert_close(first.offset.mean(), 0.25 + (wanted - gave).detach(), rtol=1e-4, atol=1e-5)
