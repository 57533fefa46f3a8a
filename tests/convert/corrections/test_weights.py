"""Weight calibration: its arithmetic against NumPy, its effect by independent measurement, and where it is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.convert.build import with_sites
from snnconv.convert.corrections import PASSES
from snnconv.convert.corrections.surrogate import RATE, clip_floor, learned
from snnconv.graph.preceding_layer import preceding_layers

from ...networks import FED_BY, MLP, SHAPES, ResidualNet, SmallCNN, SpikeRecorder

T = 4


def spiking(net: type[nn.Module], corrections: tuple[str, ...] = ()) -> tuple[nn.Module, SpikingNetwork, Tensor]:
    torch.manual_seed(2)
    model, x = net().eval(), torch.randn(64, *SHAPES[net])
    return model, converted(model, x, corrections), x


def converted(model: nn.Module, x: Tensor, corrections: tuple[str, ...] = ()) -> SpikingNetwork:
    """Integrate-and-fire neurons with v(0) = 0: they round down, so that all is too low and there is much to learn."""
    return snnconv.convert(model, T, data=[x], method="rnl", threshold="max", corrections=corrections)


def layer_errors(model: nn.Module, snn: SpikingNetwork, x: Tensor) -> dict[str, float]:
    """{site: mean (a − θ·Σ s/T)²}, a the ReLU of the model's own layers, spikes as they travel."""
    recorder = SpikeRecorder()
    snn.run(x, observers=[recorder])
    wanted: dict[str, Tensor] = {}
    ann = snnconv.convert(model, 1, data=[x], method="if").ann
    handles = [
        ann.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: wanted.update({name: out}))
        for name in recorder.spikes
    ]
    with torch.no_grad():
        ann(x)
    for handle in handles:
        handle.remove()
    given = {name: spikes.mean(0) * snn.sites[name].per_unit(spikes[0]) for name, spikes in recorder.spikes.items()}
    return {name: float((wanted[name] - given[name]).square().mean()) for name in wanted}


def test_surrogate_is_the_neuron_on_an_even_input() -> None:
    """Q(I) is what an integrate-and-fire neuron sends on the constant current I; dyadic, so to the bit."""
    current, start, theta = torch.arange(-16, 48)[:, None] / 16.0, torch.tensor(0.375), torch.tensor(1.5)
    v, sent = start.expand_as(current).clone(), torch.zeros_like(current)
    for _ in range(8):
        v = v + current
        spikes = (v >= theta).float()
        v, sent = v - spikes * theta, sent + spikes * theta
    rising = current[:, 0] <= 1.5  # above θ it stays full, where the clip is
    assert torch.equal(clip_floor(current, start, theta, 8, 8)[rising], (sent / 8)[rising])
    assert clip_floor(current, start, theta, 8, 8).max() == 1.5


def test_two_steps_of_adam() -> None:
    """Loss mean_B Σ (Q(Wx + b + r) − a)², ∂Q/∂I = 1 inside the clip; the rate falls along a cosine of 2 steps."""
    generator = torch.Generator().manual_seed(0)
    layer = nn.Linear(3, 4).double()
    x, rest, wanted = (torch.randn(8, n, generator=generator, dtype=torch.float64) for n in (3, 4, 4))
    theta, start, steps = 1.0, 0.25, 5
    surrogate = lambda i: clip_floor(i, torch.tensor(start), torch.tensor(theta), steps, steps)  # noqa: E731
    ours = learned(layer, x, rest, wanted, surrogate, generator, iterations=2)
    w, b = (value.detach().numpy().copy() for value in (layer.weight, layer.bias))
    rate = RATE * np.abs(w).mean()
    moments = [np.zeros_like(w), np.zeros_like(w), np.zeros_like(b), np.zeros_like(b)]
    X, R, A = x.numpy(), rest.numpy(), wanted.numpy()
    for k, now in enumerate((rate, rate / 2), 1):
        count = (steps * (X @ w.T + b + R) + start) / theta
        q = np.clip(np.floor(count), 0, steps) * theta / steps
        slope = 2 * (q - A) / len(X) * ((count >= 0) & (count <= steps))
        for value, gradient, i in ((w, slope.T @ X, 0), (b, slope.sum(0), 2)):
            moments[i] = 0.9 * moments[i] + 0.1 * gradient
            moments[i + 1] = 0.999 * moments[i + 1] + 0.001 * gradient**2
            mean, square = moments[i] / (1 - 0.9**k), moments[i + 1] / (1 - 0.999**k)
            value -= now * mean / (np.sqrt(square) + 1e-8)
    np.testing.assert_allclose(ours["weight"].numpy(), w, rtol=1e-9)
    np.testing.assert_allclose(ours["bias"].numpy(), b, rtol=1e-9)
    assert np.abs(w - layer.weight.detach().numpy()).max() > rate  # both steps were taken


@pytest.mark.parametrize("net", [MLP, ResidualNet])
def test_layer_errors_fall(net: type[nn.Module]) -> None:
    model, plain, x = spiking(net)
    corrected = PASSES["weights"](plain, [(x,)], T)
    before, after = layer_errors(model, plain, x), layer_errors(model, corrected, x)
    assert list(after) == list(FED_BY[net])
    assert all(after[name] < before[name] for name in after), (before, after)
    with torch.no_grad():
        errors = [float((snn(x) - model(x)).square().mean()) for snn in (plain, corrected)]
    assert errors[1] < errors[0]


def test_the_ann_and_the_network_given_stay() -> None:
    model, plain, x = spiking(ResidualNet)
    corrected = PASSES["weights"](plain, [(x,)], T)
    assert torch.equal(corrected.ann(x), plain.ann(x))
    torch.testing.assert_close(corrected.ann(x), model(x))
    assert all(site.weight is None and site.bias is None for site in plain.plan.sites.values())
    for name, layer in FED_BY[ResidualNet].items():
        weight, own = corrected.plan.sites[name].weight, model.get_submodule(layer).weight
        assert weight is not None
        assert weight.shape == own.shape
        assert not torch.equal(weight, own)
        assert (corrected.plan.sites[name].bias is None) == (model.get_submodule(layer).bias is None)


def test_saved_and_made_again_it_is_the_same(tmp_path: Path) -> None:
    _, snn, x = spiking(ResidualNet, ("weights",))
    _, again, _ = spiking(ResidualNet, ("weights",))
    snn.save(tmp_path / "snn.pt2")
    loaded = snnconv.load(tmp_path / "snn.pt2")
    for other in (again, loaded):
        for name, site in snn.plan.sites.items():
            theirs = other.plan.sites[name]
            assert site.weight is not None
            assert theirs.weight is not None
            assert torch.equal(site.weight, theirs.weight)
        assert torch.equal(other(x), snn(x))
        assert torch.equal(other.ann(x), snn.ann(x))


class Shared(nn.Module):
    """One layer called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.layer(F.relu(self.layer(x)))))


class PreActivation(nn.Module):
    """The sum that is activated also goes on to the next sum, so that no layer of it is the activation's own."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner, self.out = (nn.Linear(6, 6) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        stem = self.stem(x)
        return stem + self.out(F.relu(self.inner(F.relu(stem))))


def test_calls_of_one_layer_learn_apart() -> None:
    torch.manual_seed(0)
    x = torch.randn(32, 6)
    snn = converted(Shared().eval(), x, ("weights",))
    first, second = (site.weight for site in snn.plan.sites.values())
    assert first is not None
    assert second is not None
    assert not torch.equal(first, second)


def test_sites_without_a_layer_of_their_own_are_told(caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(0)
    x = torch.randn(32, 6)
    snn = converted(PreActivation().eval(), x, ("weights",))
    assert "correction 'weights' left 1 of 2 sites as they were (relu): no layer feeds them alone" in caplog.text
    assert [site.weight is None for site in snn.plan.sites.values()] == [True, False]


def test_layers_that_have_nothing_to_learn_keep_their_weights() -> None:
    """A constant input within the range, and v(0) = θ/2: rounding to the nearest is the best that there is."""
    torch.manual_seed(2)
    model, x = MLP().eval(), torch.randn(64, *SHAPES[MLP])
    snn = snnconv.convert(model, T, data=[x], method="if", threshold="max", corrections=("weights",))
    assert snn.plan.sites["1"].weight is None
    assert any("'weights' left" in notice and "(1" in notice for notice in snn.plan.notices)


def test_the_body_of_a_block_feeds_its_end() -> None:
    _, snn, _ = spiking(ResidualNet)
    assert {n: str(call.target) for n, call in preceding_layers(snn.ann, snn.plan.sites).items()} == FED_BY[ResidualNet]


def test_weights_that_do_not_fit_are_refused() -> None:

    _, snn, _ = spiking(SmallCNN)
    site = replace(snn.plan.sites["relu2"], weight=torch.zeros(6, 4, 3, 3), bias=torch.zeros(6))
    with pytest.raises(InputError, match=r"weight does not fit its layer[\s\S]*\[6, 2, 3, 3\][\s\S]*\[6, 4, 3, 3\]"):
        with_sites(snn, {"relu2": site})
