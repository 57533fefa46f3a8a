"""What rounding at a site does to the output: closed forms, and the promise itself on a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn

import snnconv
from snnconv import InputError
from snnconv.calib import parse_rule
from snnconv.calib.output_sensitivity import equal_harm_thresholds

from ..networks import SHAPES, ResidualNet, SmallCNN


def canonical(model: nn.Module, x: Tensor) -> fx.GraphModule:
    return snnconv.convert(model, data=[x], method="if").ann


def test_a_linear_reading_of_the_activations() -> None:
    """f = W·a: g_c = ‖W_c‖², V the trace of the covariance of f; N neurons."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
    x = torch.randn(4000, 6)
    found = equal_harm_thresholds(canonical(model, x), [(part,) for part in x.split(1000)], ["1"], seed=0)["1"]
    weight = model[2].weight.detach()
    assert isinstance(weight, Tensor)
    with torch.no_grad():
        signal = model(x).var(0, correction=0).sum()
    exact = torch.sqrt(12 * signal / (5 * weight.square().sum(0)))
    torch.testing.assert_close(found, exact, rtol=0.05, atol=0)


@pytest.mark.parametrize("net", [SmallCNN, ResidualNet])
def test_rounding_by_these_steps_makes_the_error_that_was_meant(net: type[nn.Module]) -> None:
    """Noise as of rounding, uniform and independent, at every site that is active: E² of the variance of the output."""
    torch.manual_seed(1)
    model, meant = net().eval(), 0.02
    x = torch.randn(512, *SHAPES[net])
    ann = canonical(model, x)
    sites = list(snnconv.convert(model, data=[x], method="if").sites)
    equal_harm = equal_harm_thresholds(ann, [(x,)], sites, seed=0)

    def noisy(name: str) -> Callable[..., Tensor]:
        def hook(_module: Any, _args: Any, output: Tensor) -> Tensor:
            step = (meant * equal_harm[name]).view(-1, *[1] * (output.dim() - 2))
            return output + (torch.rand_like(output) - 0.5) * step

        return hook

    with torch.no_grad():
        clean = ann(x)
        handles = [ann.get_submodule(name).register_forward_hook(noisy(name)) for name in sites]
        error = (ann(x) - clean).square().sum(1).mean()
        for handle in handles:
            handle.remove()
    assert float(error / clean.var(0).sum()) == pytest.approx(meant**2, rel=0.2)


def test_the_unit_of_the_output_does_not_matter() -> None:
    torch.manual_seed(2)
    x = torch.randn(64, 6)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
    once = equal_harm_thresholds(canonical(model, x), [(x,)], ["1"], seed=3)["1"]
    with torch.no_grad():
        model[2].weight.mul_(8)  # type: ignore[operator]
        model[2].bias.mul_(8).add_(5)  # type: ignore[operator]
    torch.testing.assert_close(equal_harm_thresholds(canonical(model, x), [(x,)], ["1"], seed=3)["1"], once)


def test_samples_that_explode_count_for_nothing(caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(8)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
    x = torch.randn(4000, 6)
    ann = canonical(model, x)
    alone = equal_harm_thresholds(ann, [(x,)], ["1"], seed=0)["1"]
    assert "calibration samples" not in caplog.text
    among = equal_harm_thresholds(ann, [(x[:1000],), (torch.cat([1e6 * x[:2], x[1000:]]),)], ["1"], seed=0)["1"]
    torch.testing.assert_close(among, alone, rtol=0.05, atol=0)
    assert "2 of 4002 calibration samples (number 1000, 1001, from 0)" in caplog.text


def test_a_step_is_no_larger_than_activations_are() -> None:
    """A channel that is hardly read, but read: E x² / E x."""
    torch.manual_seed(9)
    model, x = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval(), torch.randn(512, 6)
    with torch.no_grad():
        model[2].weight[:, 0] *= 1e-5  # type: ignore[index]
        activations = model[1](model[0](x))[:, 0].double()
    theta = snnconv.convert(model, data=[x]).sites["1"].theta[0]
    size = activations.square().mean() / activations.mean()
    torch.testing.assert_close(theta, size.float(), rtol=1e-3, atol=0)
    assert theta < 0.7 * activations.max()


class Ignored(nn.Module):
    """Half of the activations are not read."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 6), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(x))[:, :3])


def test_channels_that_are_not_read_are_rounded_away() -> None:
    torch.manual_seed(3)
    model, x = Ignored().eval(), torch.randn(64, 4)
    equal_harm = equal_harm_thresholds(canonical(model, x), [(x,)], ["relu"], seed=0)["relu"]
    assert torch.isinf(equal_harm).tolist() == [False] * 3 + [True] * 3
    snn = snnconv.convert(model, data=[x])
    assert float(snn.run(x).spikes_per_neuron[-1]) > 0
    assert (snn(x) - model(x)).abs().max() < 0.5 * model(x).abs().max()


def test_twice_the_error_are_steps_of_twice_the_size() -> None:
    torch.manual_seed(4)
    model, x = SmallCNN().eval(), torch.randn(64, *SHAPES[SmallCNN])
    rules = ("sensitivity:0.05", "sensitivity:0.1", "sensitivity:0.08", "sensitivity")
    once, twice, given, usual = (
        snnconv.convert(model, data=[x], threshold=rule).sites["relu2"].theta for rule in rules
    )
    torch.testing.assert_close(twice, 2 * once)
    torch.testing.assert_close(usual, given)


def test_a_ceiling_is_a_whole_number_of_quanta_and_the_neuron_stops_there() -> None:
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU6(), nn.Linear(16, 4)).eval()
    with torch.no_grad():
        model[0].weight.mul_(20)  # type: ignore[operator]
    x = torch.randn(256, 8)
    snn = snnconv.convert(model, 1, data=[x], threshold="sensitivity:0.05")
    neuron = snn.sites["1"]
    count = 6 / neuron.theta
    torch.testing.assert_close(count, count.round())
    spikes, _ = neuron(torch.full((1, 16), 100.0), None, 1)
    torch.testing.assert_close(spikes * neuron.theta, torch.full((1, 16), 6.0))


def test_a_better_error_costs_more_spikes() -> None:
    torch.manual_seed(6)
    model, x = ResidualNet().eval(), torch.randn(64, *SHAPES[ResidualNet])
    runs = [snnconv.convert(model, 1, data=[x], threshold=f"sensitivity:{error}").run(x) for error in (0.05, 0.2, 0.8)]
    spikes = [float(run.spikes_per_neuron[-1]) for run in runs]
    errors = [float((run.logits[-1] - model(x).detach()).square().mean()) for run in runs]
    assert spikes == sorted(spikes, reverse=True)
    assert errors == sorted(errors)


@pytest.mark.parametrize("argument", ["0", "-1", "half"])
def test_errors_that_are_none(argument: str) -> None:
    with pytest.raises(InputError, match="not an error"):
        parse_rule(f"sensitivity:{argument}")


class NearlyConstant(nn.Module):
    """Its output hardly depends on its input."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 32), nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(0.001 * x) + 1))


@pytest.mark.parametrize("samples", [1, 64])
def test_an_output_that_is_the_same_for_all_asks_for_no_more_than_a_neuron_can_carry(samples: int) -> None:
    torch.manual_seed(7)
    model, x = NearlyConstant().eval(), torch.randn(samples, 8)
    snn = snnconv.convert(model, data=[x])
    span = snn.plan.sites["relu"].span
    assert span is not None
    torch.testing.assert_close(snn.sites["relu"].theta, span / 255)
    with torch.no_grad():
        wanted = model(x)
    assert (snn(x) - wanted).norm() < 0.01 * wanted.norm()
