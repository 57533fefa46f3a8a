"""Every check fails where what it looks at is broken, and none of the others does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, fx

from snnconv import SpikingNetwork, convert
from snnconv.convert import opening
from snnconv.convert.build import build
from snnconv.io import snn_file
from snnconv.neurons import ScalableDualThreshold
from snnconv.plan import Plan
from snnconv.verification import Verification, verify
from snnconv.verification.api import GENEROUS

from ..networks import SmallCNN

SHAPE = (2, 6, 6)


def failing(result: Verification) -> list[str]:
    return [check.name for check in result.checks if not check.held]


def test_a_pass_that_alters_a_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., fx.GraphModule] = opening.canonicalise

    def wrong(*args: Any) -> fx.GraphModule:
        canonical = right(*args)
        with torch.no_grad():
            canonical.get_parameter("fc.weight").mul_(1.001)
        return canonical

    monkeypatch.setattr(opening, "canonicalise", wrong)
    result = verify(SmallCNN(), input_shape=SHAPE)
    assert failing(result) == ["canonical"]
    assert result.canonical_error is not None
    assert 1e-5 < result.canonical_error < 1e-2


def spiking() -> SpikingNetwork:
    x = torch.randn(4, *SHAPE)
    return convert(SmallCNN(), 32, data=[x], down_limit=15, **GENEROUS)


def test_a_threshold_that_is_lost() -> None:
    """The plan is that of a network of another scale: one site's threshold is a fiftieth of its activations."""
    snn = spiking()
    plan = snn.plan.sites["relu1"]
    assert plan.threshold is not None
    plan.threshold.div_(50)
    broken = build(snn.ann, snn.plan)
    result = verify(broken, T=32)
    assert failing(result) == ["range"]  # it falls, to what the threshold leaves
    assert result.snn_error[32] > 0.05
    whole = verify(spiking(), T=32)
    assert failing(whole) == []
    assert whole.snn_error[32] < 0.02


def test_an_error_that_is_too_large() -> None:
    assert failing(verify(SmallCNN(), input_shape=SHAPE, within=1e-6)) == ["within"]
    result = verify(SmallCNN(), input_shape=SHAPE, within=0.5)
    assert failing(result) == []
    (expected,) = [check.expected for check in result.checks if check.name == "within"]
    assert expected == "an error of at most 50 % at T = 32"


def test_a_neuron_that_emits_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    step = ScalableDualThreshold.step

    def split(self: ScalableDualThreshold, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        spikes, after = step(self, x, state)
        return spikes + 0.25, after

    monkeypatch.setattr(ScalableDualThreshold, "step", split)
    result = verify(SmallCNN(), input_shape=SHAPE)
    assert "spikes" in failing(result)
    got = next(check.got for check in result.checks if check.name == "spikes")
    assert got.startswith("relu1: fractions between")
    assert "relu2: fractions" in got


def test_a_neuron_that_fires_more_than_it_may() -> None:
    snn = spiking()
    neuron = snn.sites["relu1"]
    assert isinstance(neuron, ScalableDualThreshold)
    step = neuron.step

    def threefold(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        spikes, after = step(x, state)
        return 3 * spikes, after

    neuron.step = threefold  # type: ignore[method-assign]
    result = verify(snn, T=8)
    got = next(check.got for check in result.checks if check.name == "spikes")
    assert "spikes" in failing(result)
    assert got.startswith("relu1: ")
    assert "allowed are -15 to 15" in got
    assert "relu2" not in got


def test_a_site_that_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A neuron in the plan that is not in the network."""
    snn = spiking()
    monkeypatch.setattr(SpikingNetwork, "sites", property(lambda _: {"relu1": snn.network.get_submodule("relu1")}))
    result = verify(snn, T=8)
    assert failing(result) == ["sites"]
    assert result.checks[0].got == "1 of 2 spike"
    assert (result.converted, result.total) == (1, 2)


def test_a_file_that_loses_a_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Plan.from_texts.__func__  # type: ignore[attr-defined]

    def wrong(cls: type[Plan], texts: dict[str, str], where: str) -> Plan:
        plan = right(cls, texts, where)
        plan.sites["relu1"].threshold.mul_(1.01)
        return plan

    monkeypatch.setattr(Plan, "from_texts", classmethod(wrong))
    result = verify(spiking(), T=8)
    assert failing(result) == ["round trip"]
    assert result.checks[-1].got == "another plan, another spiking outputs"


def test_a_file_that_loses_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    right = snn_file.load_program

    def wrong(*args: Any, **options: Any) -> Any:
        program, texts = right(*args, **options)
        with torch.no_grad():
            program.state_dict["fc.bias"].add_(1e-6)
        return program, texts

    monkeypatch.setattr(snn_file, "load_program", wrong)
    result = verify(spiking(), T=8)
    assert failing(result) == ["round trip"]
    assert "outputs of the ANN" in result.checks[-1].got
