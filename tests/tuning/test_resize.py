"""Other quanta: θ as asked for, no finer than a step can represent, and as many spikes a step as that takes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import SpikingNetwork
from snnconv.calib.sensitivity import steps_alone
from snnconv.tuning.resize import resized

from ..networks import SHAPES, ResidualNet

SENSITIVE = {"threshold": steps_alone("sensitivity:0.08"), "per_channel": True}  # as tune converts


def network(method: str, **options: object) -> tuple[SpikingNetwork, Tensor]:
    torch.manual_seed(0)
    model, x = ResidualNet().eval(), torch.randn(64, *SHAPES[ResidualNet])
    return snnconv.convert(model, data=[x], method=method, **{**SENSITIVE, **options}), x  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "options"), [("auto", {}), ("mt", {"bits": 12}), ("sdm-zero", {"beta": 4000}), ("mt-signed", {})]
)
@pytest.mark.parametrize("factor", [0.5, 1.0, 1.7])
def test_theta_times_the_factor(method: str, options: dict[str, int], factor: float) -> None:
    snn, _ = network(method, **options)
    one = next(iter(snn.sites))
    found = resized(snn, {one: factor})
    for site, neuron in found.sites.items():
        expected = snn.sites[site].theta * (factor if site == one else 1.0)
        if method != "mt-signed":  # 4 bits bound θ from below
            torch.testing.assert_close(neuron.theta, expected, rtol=1e-5, atol=0)
        assert bool((neuron.theta >= expected * (1 - 1e-5)).all())


@pytest.mark.parametrize(("method", "options"), [("sdm-zero", {"beta": 3}), ("mt", {"bits": 2}), ("if", {})])
def test_no_finer_than_a_step_can_represent(method: str, options: dict[str, int]) -> None:
    """θ → 0: what is left is the span over the most spikes of a step."""
    snn, _ = network(method, **options)
    found = resized(snn, dict.fromkeys(snn.sites, 1e-6))
    for site, neuron in found.sites.items():
        span = snn.plan.sites[site].span
        assert span is not None
        most = {"sdm-zero": 3, "mt": 3, "if": 1}[method]
        reached = span > 0
        torch.testing.assert_close((neuron.theta * most)[reached], span[reached], rtol=1e-5, atol=0)


def test_spikes_of_a_step_follow_each_site() -> None:
    """β is the least that represents every channel's span, and α = 1/β; the network is the same function of θ."""
    snn, x = network("sdm-zero", beta=100)
    found = resized(snn, dict.fromkeys(snn.sites, 2.0))
    most = set()
    for site, neuron in found.sites.items():
        options, span = found.plan.sites[site].options, snn.plan.sites[site].span
        assert span is not None
        assert options["beta"] == options["down_limit"] == max(1, int((span / neuron.theta - 1e-4).ceil().max()))
        assert options["alpha"] == pytest.approx(1 / options["beta"])
        most.add(options["beta"])
    assert len(most) > 1
    wide = resized(snn, {})  # β = 100 everywhere, of which a step uses what it needs
    for name, site in found.plan.sites.items():
        assert site.threshold is not None
        assert wide.plan.sites[name].options["beta"] == 100
    with torch.no_grad():
        assert found(x).shape == snn(x).shape


class Clipped(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 6), nn.ReLU6(), nn.Linear(6, 6), nn.ReLU6(), nn.Linear(6, 3))


@pytest.mark.parametrize("factor", [0.6, 1.0, 2.3])
def test_a_ceiling_stays_a_whole_number_of_quanta(factor: float) -> None:
    torch.manual_seed(0)
    model, x = Clipped().eval(), torch.randn(64, 4) * 20
    snn = snnconv.convert(model, data=[x])
    for neuron in resized(snn, dict.fromkeys(snn.sites, factor)).sites.values():
        count = 6 / neuron.theta
        torch.testing.assert_close(count, count.round(), rtol=1e-4, atol=0)
