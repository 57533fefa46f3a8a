"""From statistics to thresholds: each rule on values whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import InputError
from snnconv.calib import RULES, Site, at_T, depends_on_T, parse_rule
from snnconv.calib.histogram import ActivationHistogram

from ..networks import SHAPES, SmallCNN


def site(
    values: Tensor, per_channel: bool = False, *, ceiling: float | None = None, T: int = 4, levels: int = 1
) -> Site:
    histogram = ActivationHistogram(per_channel)
    histogram.add(values)
    equal_harm = 4 * histogram.maximum.expand(values.shape[1])
    return Site("site", histogram, ceiling, T, levels, 1.0, equal_harm=equal_harm)


@pytest.mark.parametrize("name", [name for name in RULES if name != "learned"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_every_rule_gives_one_positive_value_a_row(name: str, per_channel: bool) -> None:
    values = torch.rand(10, 3, 5)
    threshold = parse_rule(name)(site(values, per_channel))
    assert threshold.shape == ((3,) if per_channel else (1,))
    assert bool((threshold > 0).all())
    assert bool((threshold <= values.max()).all())


@pytest.mark.parametrize("name", [name for name in RULES if name != "learned"])
def test_every_rule_scales_with_the_activations(name: str) -> None:
    values = torch.rand(10, 3, 5)
    once, twice = (parse_rule(name)(site(values * factor)) for factor in (1, 2))
    torch.testing.assert_close(twice, 2 * once, rtol=1e-3, atol=0)


def test_max_is_the_maximum() -> None:
    assert parse_rule("max")(site(torch.tensor([[0.5, 3.25, 0.0]]))).tolist() == [3.25]


@pytest.mark.parametrize("percent", ["50", "99", "99.9", "100"])
def test_percentile(percent: str) -> None:
    values = torch.rand(1000, 10)
    exact = np.percentile(values.numpy(), float(percent))
    assert float(parse_rule(f"percentile:{percent}")(site(values))) == pytest.approx(exact, abs=1e-3)


def test_percentile_without_argument_is_99_9() -> None:
    values = torch.rand(100, 10)
    assert torch.equal(parse_rule("percentile")(site(values)), parse_rule("percentile:99.9")(site(values)))


def test_mse_is_the_best_of_its_candidates() -> None:
    """Brute force over the same 100 candidates, on the values themselves."""
    torch.manual_seed(0)
    values = torch.relu(torch.randn(2000, 5))
    T, levels = 4, 1
    errors = []
    for i in range(1, 101):
        quantum = float(values.max()) * i / 100 / T
        quantised = (values / quantum + 0.5).floor().clamp(0, levels * T) * quantum
        errors.append(float(((values - quantised) ** 2).mean()))
    chosen = float(parse_rule("mse")(site(values, T=T, levels=levels))) / float(values.max())
    assert errors[round(chosen * 100) - 1] <= min(errors) * 1.01
    assert chosen < 0.95, "the rule cuts the tail"


def test_learned_takes_the_clip_and_needs_one() -> None:
    assert parse_rule("learned")(site(torch.rand(2, 3), ceiling=6.0)).tolist() == [6.0]
    with pytest.raises(InputError, match=r"needs an activation with a clip[\s\S]*site"):
        parse_rule("learned")(site(torch.rand(2, 3)))


def test_learned_thresholds_of_a_relu6_network() -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU6(), nn.Linear(5, 5), nn.Hardtanh(0.0, 2.0), nn.Linear(5, 2))
    snn = snnconv.convert(model, data=[torch.randn(8, 4)], threshold="learned", alpha=0.5, beta=2)
    assert [float(neuron.theta) for neuron in snn.sites.values()] == [3.0, 1.0]


def test_a_callable_rule_sees_its_site() -> None:
    seen: list[Site] = []

    def rule(site: Site) -> Tensor:
        seen.append(site)
        return torch.full_like(site.values.maximum, 2.0)

    snn = snnconv.convert(SmallCNN(), 7, data=[torch.randn(4, 2, 6, 6)], threshold=rule, alpha=0.5, beta=3)
    assert [s.name for s in seen] == ["relu1", "relu2"]
    assert (seen[0].T, seen[0].levels, seen[0].scale, seen[0].ceiling) == (7, 3, 0.5, None)
    assert all(bool((neuron.theta == 1).all()) for neuron in snn.sites.values())
    assert snn.plan.settings["threshold"] == "rule"


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rule_that_gives_no_usable_value(value: float) -> None:
    with pytest.raises(InputError, match=r"no usable value[\s\S]*site relu1"):
        snnconv.convert(SmallCNN(), data=[torch.randn(4, 2, 6, 6)], threshold=lambda _: torch.tensor([value]))


class Silent(nn.Module):
    """The second activation is always 0; or, with `half`, two channels of it."""

    def __init__(self, half: bool) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        with torch.no_grad():
            self.b.weight.abs_()
            self.b.bias.copy_(torch.tensor([-1e6, 1.0, 2.0, -1e6]) if half else torch.full((4,), -1e6))

    def forward(self, x: Tensor) -> Tensor:
        return self.c(torch.relu(self.b(torch.relu(self.a(x)))))


def test_a_site_that_is_always_zero_is_told() -> None:
    with pytest.raises(InputError, match=r"always 0[\s\S]*site relu#2[\s\S]*keep='relu#2'"):
        snnconv.convert(Silent(half=False), data=[torch.randn(8, 4)])
    assert list(snnconv.convert(Silent(half=False), data=[torch.randn(8, 4)], keep="relu#2").sites) == ["relu"]


def test_a_silent_channel_gets_the_median_of_its_layer() -> None:
    snn = snnconv.convert(Silent(half=True), data=[torch.randn(8, 4)], threshold="max", per_channel=True)
    threshold = snn.plan.sites["relu#2"].threshold
    assert threshold is not None
    assert threshold[0] == threshold[3] == threshold[[1, 2]].median()


def test_data_in_every_documented_form_calibrates_alike() -> None:
    model, x = SmallCNN(), torch.randn(4, 2, 6, 6)
    y = torch.zeros(4, dtype=torch.long)
    forms = [[x], [(x, y)], [[x, y]], [{"image": x, "label": y}], [x[:2], x[2:]], iter([(x, y)])]
    values = [snnconv.convert(model, data=form, threshold="max").plan.sites["relu2"].threshold for form in forms]
    assert all(torch.equal(value, values[0]) for value in values)  # type: ignore[arg-type]


def test_per_layer_and_per_channel_thresholds() -> None:
    x = torch.randn(4, *SHAPES[SmallCNN])
    layer = snnconv.convert(SmallCNN(), data=[x], method="sdm").sites["relu1"].theta
    channel = snnconv.convert(SmallCNN(), data=[x], method="sdm", per_channel=True).sites["relu1"].theta
    assert layer.shape == ()
    assert channel.shape == (4,)


def test_clip_floor_is_the_best_of_its_candidates() -> None:
    """Brute force over the same 95 candidates, on the values themselves."""
    torch.manual_seed(0)
    values = torch.relu(torch.randn(2000, 5))
    T = 4
    errors = []
    for i in range(95):
        quantum = float(values.max()) * (1 - 0.01 * i) / T
        quantised = (values / quantum).floor().clamp(0, T) * quantum
        errors.append(float(((values - quantised) ** 2).mean()))
    chosen = float(parse_rule("clip-floor")(site(values, T=T))) / float(values.max())
    assert errors[round((1 - chosen) * 100)] <= min(errors) * 1.01
    assert chosen < float(parse_rule("mse")(site(values, T=T))) / float(values.max())


def test_local_threshold_balancing() -> None:
    """The iteration on the values themselves, per channel."""
    torch.manual_seed(0)
    values = torch.relu(torch.randn(500, 3, 4)) * torch.tensor([1.0, 2.0, 4.0])[:, None]
    threshold = np.zeros((1, 3, 1))
    x = values.double().numpy()
    for _ in range(1000):
        threshold = threshold + 2 * np.maximum(x - threshold, 0).mean((0, 2), keepdims=True)
    found = parse_rule("ltb")(site(values, per_channel=True))
    np.testing.assert_allclose(found.numpy(), threshold[0, :, 0], rtol=2e-3)
    assert bool((found < values.amax((0, 2))).all())


@pytest.mark.parametrize("name", [name for name in RULES if name != "learned"])
def test_rules_that_depend_on_T_say_so(name: str) -> None:
    """λ differs between two T where the rule says so, and nowhere else."""
    torch.manual_seed(0)
    values = torch.relu(torch.randn(2000, 5))
    first, second = (parse_rule(name)(site(values, T=T)) for T in (2, 32))
    assert torch.equal(first, second) is not depends_on_T(name)


def test_a_rule_depends_on_T_where_a_part_of_it_does() -> None:
    @at_T
    def mine(site: Site) -> Tensor:
        return site.values.maximum / site.T

    assert depends_on_T("learned else mse")
    assert not depends_on_T("learned else percentile:99")
    assert not depends_on_T("learned")
    assert depends_on_T(mine)
    assert not depends_on_T(lambda site: site.values.maximum)


def test_thresholds_for_one_T_are_on_record(caplog: pytest.LogCaptureFixture) -> None:
    x = torch.randn(4, 2, 6, 6)
    snn = snnconv.convert(SmallCNN(), 4, data=[x], method="if", threshold="mse")
    assert snn.plan.settings["at_T"] == 4
    snn.run(x, T=2)
    assert "if was set up for T = 4; convert again to run T = 2" in caplog.text
    assert "at_T" not in snnconv.convert(SmallCNN(), 4, data=[x], method="if").plan.settings
