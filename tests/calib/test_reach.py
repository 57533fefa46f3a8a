"""No step by sensitivity costs range: errors fall as 1/T on the calibration data; what other rules cut off is told."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import METHODS, SpikingNetwork
from snnconv.calib import RULES
from snnconv.neurons import NEURONS

from ..networks import SHAPES, SmallCNN

ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.ReLU6, nn.LeakyReLU, nn.Hardswish, nn.ELU)
SAMPLES = 48


def heavy(seed: int, tail: float) -> tuple[nn.Module, Tensor]:
    """Two to four layers with any activations, weights and samples of log-normal sizes: few are many times as large."""
    random = torch.Generator().manual_seed(seed)
    draw = lambda most: int(torch.randint(most, (1,), generator=random))  # noqa: E731
    torch.manual_seed(seed)
    layers, width, flat = list[nn.Module](), 2, bool(draw(2))
    for _ in range(2 + draw(3)):
        layers += [nn.Linear(width, 8) if flat else nn.Conv2d(width, 8, 3, padding=1), ACTIVATIONS[draw(8)]()]
        width = 8
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 if flat else 128, 3)).eval()
    x = torch.randn(SAMPLES, *((2,) if flat else (2, 4, 4)), generator=random)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= torch.exp(tail / 2 * torch.randn(parameter.shape, generator=random))
    return model, x * torch.exp(tail * torch.randn(SAMPLES, *[1] * (x.dim() - 1), generator=random))


def errors(snn: SpikingNetwork, model: nn.Module, x: Tensor, steps: tuple[int, ...]) -> list[float]:
    with torch.no_grad():
        exact = model.double()(x.double())
    model.float()
    means = snn.run(x, max(steps), count=False).logits
    return [float((means[T - 1] - exact).norm() / exact.norm()) for T in steps]


def most_sent(snn: SpikingNetwork) -> dict[str, Tensor]:
    """{site: the largest mean activation that it can send, per channel}."""
    return {name: neuron.theta.flatten() * neuron.reach(snn.T) for name, neuron in snn.sites.items()}


def largest(snn: SpikingNetwork, x: Tensor) -> dict[str, Tensor]:
    """{site: the largest |activation| of each channel}."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda _, __, output: found.__setitem__(name, output.abs().transpose(0, 1).flatten(1).amax(1))

    handles = [snn.ann.get_submodule(name).register_forward_hook(keep(name)) for name in snn.sites]
    with torch.no_grad():
        snn.ann(x)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("tail", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(6))
def test_the_error_of_auto_falls_as_one_over_T(seed: int, tail: float) -> None:
    model, x = heavy(seed, tail)
    snn = snnconv.convert(model, data=[x])
    reached, seen = most_sent(snn), largest(snn, x)
    for name in snn.sites:
        assert bool((reached[name] >= seen[name] * (1 - 1e-6)).all()), name
    assert not any("cut the range" in notice for notice in snn.plan.notices)
    first, last = errors(snn, model, x, (4, 256))
    slope = math.log(last / first) / math.log(256 / 4)
    assert slope < -0.85 or last < 1e-6, (first, last)


@pytest.mark.parametrize("neuron", list(NEURONS))
def test_steps_by_sensitivity_cost_no_range(neuron: str) -> None:
    """Neurons without digits get coarser steps. A signed activation is reached on both sides."""
    method = "auto" if neuron == "tracking" else next(name for name in METHODS if METHODS[name].neuron == neuron)
    torch.manual_seed(1)
    kinds = (nn.SiLU, nn.LeakyReLU) if neuron == "tracking" else (nn.ReLU, nn.ReLU6)
    model = nn.Sequential(nn.Linear(4, 8), kinds[0](), nn.Linear(8, 8), kinds[1](), nn.Linear(8, 3)).eval()
    x = torch.randn(64, 4) * torch.exp(2 * torch.randn(64, 1))
    x[0] *= 100
    digits = {"bits": 4} if "bits" in METHODS[method].options else {}
    for per_channel in (False, True):
        options = {"threshold": "sensitivity", "per_channel": per_channel, "corrections": (), **digits}
        snn = snnconv.convert(model, 1, data=[x], method=method, **options)  # type: ignore[arg-type]
        reached, seen = most_sent(snn), largest(snn, x)
        for name in snn.sites:
            assert bool((reached[name] >= seen[name] * (1 - 1e-5)).all()), name
        if digits and neuron not in ("tracking", "differential"):  # a clip is tracked there, and a ReLU reaches so far
            assert max(site.options.get("bits", 0) for site in snn.plan.sites.values()) > 4


@pytest.mark.parametrize("rule", [name for name in RULES if name != "learned"])
def test_what_is_cut_off_is_told_where_it_is_much(rule: str) -> None:
    """More than 1 % of what a site's activations add up to; each rule either reaches the largest or may cut."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    x = torch.randn(256, 4)
    x[:2] *= 500
    snn = snnconv.convert(model, 1, data=[x], method="if", threshold=f"{rule}:90" if rule == "percentile" else rule)
    with torch.no_grad():
        activations = model[1](model[0](x))  # type: ignore[index]
    above = (activations - most_sent(snn)["1"]).clamp(min=0).sum() / activations.sum()
    told = [notice for notice in snn.plan.notices if "cut the range of 1 of 1 sites: 1 (" in notice]
    assert bool(told) == (float(above) > 0.01)
    if rule in ("max", "sensitivity"):
        assert not told
    if rule == "percentile":
        assert f"1 ({above:.0%}: {float(most_sent(snn)['1']):.3g} of {float(activations.max()):.3g})" in told[0]


def test_usual_percentiles_are_no_news() -> None:
    x = torch.randn(256, *SHAPES[SmallCNN])
    snn = snnconv.convert(SmallCNN().eval(), data=[x], method="sdm", threshold="percentile:99.9")
    assert not any("cut the range" in notice for notice in snn.plan.notices)
