"""The options of `convert`: what is out of range is told, and which sites spike is the user's choice."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError

from ..networks import MLP, ResidualNet, SmallCNN


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"T": 0}, "T is out of range"),
        ({"T": 1.5}, "T is out of range"),
        ({"alpha": 0.0}, "alpha is out of range"),
        ({"alpha": 2.0}, "alpha is out of range"),
        ({"beta": 0}, "beta is out of range"),
        ({"gate": "both"}, "gate is out of range"),
        ({"retract": "half"}, "retract is out of range"),
        ({"down_limit": 9}, "down_limit is out of range"),
        ({"down_limit": -1}, "down_limit is out of range"),
        ({"method": "if", "beta": 2}, "has no option beta"),
        ({"method": "sdmm"}, "did you mean 'sdm'"),
        ({"threshold": "maximum"}, "did you mean 'max'"),
        ({"threshold": "percentile:0"}, "not a percentile"),
        ({"threshold": "percentile:many"}, "not a percentile"),
        ({"threshold": "max:3"}, "takes no argument"),
        ({"maxpool": "average"}, "maxpool is out of range"),
        ({"keep": "nothing"}, "keep matches no activation site"),
        ({"only": "nothing"}, "only matches no activation site"),
        ({"keep": "("}, "keep is not a regular expression"),
        ({"keep": "."}, "nothing to convert"),
        ({"data": []}, "empty"),
        ({"data": None, "input_shape": (0, 3)}, "invalid input_shape"),
    ],
    ids=str,
)  # fmt: skip
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        snnconv.convert(SmallCNN(), **{"data": [torch.randn(2, 2, 6, 6)], **options})


@pytest.mark.parametrize(
    ("options", "sites"),
    [
        ({"keep": "block"}, ["relu", "relu#2"]),
        ({"only": "block"}, ["block.relu", "block.relu#2"]),
        ({"only": "block", "keep": "#2"}, ["block.relu"]),
        ({"keep": r"^relu$"}, ["relu#2", "block.relu", "block.relu#2"]),
    ],
)
def test_keep_and_only(options: dict[str, str], sites: list[str]) -> None:
    model = ResidualNet().eval()
    x = torch.randn(8, 2, 6, 6)
    snn = snnconv.convert(model, 200, data=[x], threshold="max", **options)  # type: ignore[arg-type]
    assert list(snn.sites) == sites
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.01)


def test_a_network_without_activations_has_nothing_to_convert() -> None:
    with pytest.raises(InputError, match=r"(?s)nothing to convert.*linear map.*measured as it is .snnconv anytime"):
        snnconv.convert(nn.Linear(3, 2), data=[torch.randn(2, 3)])


def test_a_network_of_other_activations_spikes() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.SiLU(), nn.Linear(2, 2), nn.SiLU(), nn.Sigmoid())
    assert list(snnconv.convert(model, data=[torch.randn(2, 3)]).sites) == ["1", "3", "4"]


def test_a_clip_that_stays_analog_follows_the_mean() -> None:
    """clip(x, 0, c) of the running sum would stop at c in all instead of c a step."""
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Hardtanh(0.0, 0.1), nn.Linear(6, 3)).eval()
    x = torch.randn(16, 4)
    snn = snnconv.convert(model, 200, data=[x], threshold="max", keep="3")
    assert list(snn.sites) == ["1"]
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.005)
        assert float((model(x) - model[4].bias).abs().max()) > 0.01
    snn.chunk = 1
    first = snn.run(x, T=3)
    again = snn.run(x, T=2, state=first.state)
    torch.testing.assert_close((3 * first.logits[-1] + 2 * again.logits[-1]) / 5, snn.run(x, T=5).logits[-1])


def test_inspect_checks_its_options() -> None:
    with pytest.raises(InputError, match="maxpool is out of range"):
        snnconv.inspect(MLP(), maxpool="mean")  # type: ignore[arg-type]


def test_data_and_a_shape_that_disagree() -> None:
    with pytest.raises(InputError, match="data and input_shape disagree"):
        snnconv.convert(MLP(), data=[torch.randn(4, 6)], input_shape=(7,))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 3), nn.Linear(5, 3)

    def forward(self, inputs: list[torch.Tensor]) -> torch.Tensor:
        return torch.relu(self.left(inputs[0])) + torch.relu(self.right(inputs[1]))


def test_a_shape_for_each_input() -> None:
    snn = snnconv.convert(TwoInputs(), input_shape=[(4,), (5,)])
    assert snn.plan.input_shapes == [(4,), (5,)]
    assert snn([torch.randn(2, 4), torch.randn(2, 5)]).shape == (2, 3)
    for wrong in ([(4,), (0,)], [(4,), ()]):
        with pytest.raises(InputError, match="invalid input_shape"):
            snnconv.convert(TwoInputs(), input_shape=wrong)
    with pytest.raises(InputError, match="disagree"):
        snnconv.convert(TwoInputs(), data=[(torch.randn(2, 4), torch.randn(2, 5))], input_shape=[(4,), (6,)])
