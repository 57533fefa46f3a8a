"""What a faithful conversion gives, for models of every form, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError
from snnconv.verification import Verification, verify

from ..networks import MLP, ResidualNet, SmallCNN, spread_norms
from .networks import InFloat32, Jumping, Normalised, TwoInputs

CHECKS = ["sites", "canonical", "exact", "steps", "range", "convergence", "within", "spikes", "round trip"]


def names(result: Verification) -> list[str]:
    return [check.name for check in result.checks]


def failing(result: Verification) -> list[str]:
    return [check.name for check in result.checks if not check.held]


def test_everything_holds(verified: Verification) -> None:
    assert verified.held
    assert names(verified) == CHECKS
    assert (verified.converted, verified.total) == (2, 2)
    assert list(verified.sites) == ["relu1", "relu2"]
    assert verified.sites["relu1"].operation == "ReLU"
    assert verified.sites["relu1"].neuron == "sd"
    assert verified.sites["relu1"].most is not None
    assert 1 <= verified.sites["relu1"].most <= 15
    assert verified.analog == verified.unsupported == []
    assert verified.canonical_error is not None
    assert verified.canonical_error < 1e-6
    assert verified.canonical_precision == "float64"
    assert list(verified.snn_error) == [1, 2, 4, 8, 16, 32]
    assert verified.snn_error[32] < verified.snn_error[4] / 3 < verified.snn_error[1] / 3
    assert verified.slope is not None
    assert -1.6 < verified.slope < -0.6
    assert verified.notices == ["verified on 4 Gaussian inputs (2, 6, 6); real data (data=…, --data) says more"]


def test_the_setting_is_generous(verified: Verification) -> None:
    wanted = {
        "method": "sdm-zero", "alpha": 1 / 15, "beta": 15, "down_limit": 15, "retract": "zero", "threshold": "max",
        "calibration": "Gaussian inputs",
    }  # fmt: skip
    assert {name: verified.settings[name] for name in wanted} == wanted
    fewer = verify(MLP(), T=4, beta=3, alpha=0.3)
    assert (fewer.settings["beta"], fewer.settings["down_limit"], fewer.settings["alpha"]) == (3, 3, 0.3)
    published = verify(MLP(), T=4, method="sdm").settings
    assert (published["alpha"], published["beta"], published["threshold"]) == (0.5, 2, "learned else percentile:99.9")


def test_it_is_plain_data(verified: Verification) -> None:
    document = json.loads(json.dumps(verified.to_dict()))
    assert document["held"] is True
    assert list(document["snn_error"]) == ["1", "2", "4", "8", "16", "32"]
    assert Verification.from_dict(document) == verified


def test_errors_that_are_no_numbers_are_null(verified: Verification) -> None:
    broken = replace(verified, snn_error={1: float("inf"), 4: float("nan")}, canonical_error=float("inf"))
    document = broken.to_dict()
    assert document["snn_error"] == {"1": None, "4": None}
    assert document["canonical_error"] is None


def test_the_model_is_as_before() -> None:
    model = spread_norms(nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.randn(3, 6)
    result = verify(model, [x], T=4)
    assert result.canonical_error is not None
    assert 0 < result.canonical_error < 1e-5  # BatchNorm was folded: not to the bit
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(value.dtype == before[name].dtype for name, value in model.state_dict().items())
    assert model.training
    assert model[1].training


def test_the_first_samples_of_the_data() -> None:
    torch.manual_seed(1)
    x, y = torch.randn(5, 6), torch.arange(5)
    model = MLP()
    some = verify(model, [(x[:2], y[:2]), (x[2:], y[2:])], T=4, samples=3)
    same = verify(model, [x[:3]], T=4)
    assert some.samples == same.samples == 3
    assert some.snn_error == same.snn_error
    assert some.data == "data"
    assert some.snn_error != verify(model, [x], T=4, samples=5).snn_error


def test_random_inputs_follow_from_the_seed() -> None:
    model = MLP()
    one, same, other = (verify(model, T=4, seed=seed).snn_error for seed in (0, 0, 1))
    assert one == same != other


def test_several_inputs_and_a_tree_of_outputs() -> None:
    result = verify(TwoInputs(), input_shape=[(6,), (4,)])
    assert failing(result) == []
    assert {site.neuron for site in result.sites.values()} == {"sd", "tracking"}
    left, right = torch.randn(3, 6), torch.randn(3, 4)
    assert verify(TwoInputs(), [(left, right)], T=8).samples == 3


def test_programs_and_their_files(tmp_path: Path) -> None:
    batch = torch.export.Dim("batch")
    program = torch.export.export(ResidualNet().eval(), (torch.randn(2, 2, 6, 6),), dynamic_shapes=({0: batch},))
    result = verify(program, T=8)
    assert failing(result) == []
    assert result.canonical_precision == "float64"
    fixed = torch.export.export(ResidualNet().eval(), (torch.randn(1, 2, 6, 6),))
    assert failing(verify(fixed, T=8)) == []


def test_operators_that_are_analog_by_nature() -> None:
    result = verify(Normalised(), input_shape=(6,))
    assert failing(result) == []
    assert [(entry["site"], entry["operation"]) for entry in result.analog] == [("norm.layer_norm", "layer_norm")]
    assert result.analog[0]["macs"] > 0


def test_a_model_that_insists_on_float32() -> None:
    result = verify(InFloat32(), input_shape=(6,))
    assert failing(result) == []
    assert result.canonical_precision == "float32"
    assert any("does not run in float64" in notice for notice in result.notices)


def test_average_pooling_is_another_function() -> None:
    result = verify(SmallCNN(), input_shape=(2, 6, 6), T=8, maxpool="avg")
    assert failing(result) == ["canonical"]
    assert any("average pooling stands in place of max pooling" in notice for notice in result.notices)


@pytest.mark.parametrize(("activation", "told"), [("clip", False), ("qcfs", True)])
def test_trained_clips(activation: str, told: bool) -> None:
    x = torch.randn(4, 2, 6, 6)
    result = verify(snnconv.clip(SmallCNN(), data=[x], activation=activation), [x], T=8)
    assert failing(result) == []
    assert {site.operation.split()[0] for site in result.sites.values()} == {"clip"}
    assert any("without the levels of training" in notice for notice in result.notices) is told


def test_sites_kept_analog_as_asked() -> None:
    result = verify(SmallCNN(), input_shape=(2, 6, 6), T=8, keep="relu2")
    assert (result.converted, result.total) == (1, 2)
    assert result.sites["relu2"].neuron is None
    assert failing(result) == []
    assert result.checks[0].got == "1 of 2 spike, 1 kept analog"


def test_a_converted_network_is_verified_as_it_is(tmp_path: Path) -> None:
    snn = snnconv.convert(SmallCNN(), 6, input_shape=(2, 6, 6), method="auto", data=[torch.randn(8, 2, 6, 6)])
    snn.save(tmp_path / "snn.pt2")
    loaded = snnconv.load(tmp_path / "snn.pt2")
    result = verify(loaded, [torch.randn(2, 2, 6, 6)], T=8)
    assert names(result) == [name for name in CHECKS if name != "canonical"]
    assert failing(result) == []
    assert result.settings == snn.plan.settings
    assert result.canonical_error is None
    assert any("source model" in notice for notice in result.notices)
    with pytest.raises(InputError, match="converted already: it takes no method"):
        verify(loaded, T=8, method="if")


def test_a_model_that_cannot_be_converted() -> None:
    result = verify(Jumping(), input_shape=(1, 8, 8))
    assert failing(result) == names(result) == ["sites"]
    assert (result.converted, result.total) == (0, 2)
    assert "fractional_max_pool2d" in result.checks[0].got
    assert result.unsupported[0]["operation"] == "fractional_max_pool2d"
    assert result.unsupported[0]["source"].endswith("torch.relu(self.conv(x)))).flatten(1))")
    assert result.unsupported[0]["remedy"]
    assert (result.snn_error, result.slope, result.canonical_error) == ({}, None, None)
    assert Verification.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_model_that_export_does_not_take() -> None:
    class Branching(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x) if x.sum() > 0 else -x

    result = verify(Branching(), input_shape=(6,))
    assert failing(result) == ["sites"]
    assert "the conversion is refused: torch.export cannot take Branching" in result.checks[0].got


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (MLP(), {"T": 3}, "too few time steps to see the error fall"),
        (MLP(), {"samples": 0}, "too few samples"),
        (MLP(), {"within": 0.0}, "within is out of range"),
        (MLP(), {"data": []}, "data is empty"),
        (MLP(), {"alpha": 2.0}, "alpha is out of range"),
        (MLP(), {"data": [torch.randn(2, 6)], "input_shape": (5,)}, "disagree"),
        (nn.Linear(6, 3), {}, "nothing to convert"),
    ],
)  # fmt: skip
def test_refused(model: nn.Module, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        verify(model, **options)


def test_a_model_that_gives_only_zeros() -> None:
    model = MLP()
    last = model[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    with pytest.raises(InputError, match="only 0"):
        verify(model, T=4)
