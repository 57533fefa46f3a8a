"""Every registered method: complete, convertible, and with the settings of its source."""

from __future__ import annotations

import pytest
import torch

import snnconv
from snnconv import METHODS, InputError
from snnconv.calib import parse_rule
from snnconv.neurons import NEURONS

from ..networks import SHAPES, SmallCNN

methods = pytest.mark.parametrize("name", list(METHODS))

# What API.md fixes and the paper prints.
SETTINGS = {
    "auto": ("sd", {"alpha": 0.2, "beta": 5, "down_limit": 5, "gate": "memory", "retract": "zero"}, "channel"),
    "sdm": ("sd", {"alpha": 0.5, "beta": 2, "down_limit": 1, "gate": "memory", "retract": "threshold"}, "layer"),
    "gn": ("sd", {"alpha": 0.25, "beta": 4, "down_limit": 0, "gate": "memory", "retract": "threshold"}, "layer"),
    "if": ("integrate_fire", {"alpha": 1.0}, "layer"),
}


@methods
def test_entries_are_complete(name: str) -> None:
    method = METHODS[name]
    assert method.name == name
    assert method.summary
    assert method.source
    assert method.neuron in NEURONS
    NEURONS[method.neuron](1.0, **method.neuron_options())
    assert callable(parse_rule(method.threshold))


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str) -> None:
    method = METHODS[name]
    assert (method.neuron, method.neuron_options(), method.granularity) == SETTINGS[name]


@methods
def test_converts_and_error_falls_with_time(name: str) -> None:
    """Also within α·β·λ, and the settings are on record."""
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(16, *SHAPES[SmallCNN])
    snn = snnconv.convert(model, data=[x], method=name, threshold="max")
    assert snn.plan.settings["method"] == name
    with torch.no_grad():
        errors = (snn.run(x, T=128).logits - model(x)).abs().mean((1, 2))
    assert errors[-1] < errors[0] / 4
    assert errors[-1] < 0.03


def test_overrides_change_only_what_they_name() -> None:
    method = METHODS["auto"].override({"alpha": 0.5, "beta": None}, None, None)
    assert method.neuron_options() == {**METHODS["auto"].neuron_options(), "alpha": 0.5}
    assert method.threshold == METHODS["auto"].threshold
    assert METHODS["auto"].options["alpha"] == 0.2


def test_down_limit_follows_beta_where_it_is_free() -> None:
    assert METHODS["auto"].override({"beta": 9}).neuron_options()["down_limit"] == 9
    assert METHODS["sdm"].override({"beta": 9}).neuron_options()["down_limit"] == 1


def test_options_that_a_method_does_not_have() -> None:
    with pytest.raises(InputError, match=r"'if' has no option gate[\s\S]*alpha"):
        METHODS["if"].override({"gate": "memory"})


def test_better_methods_are_better() -> None:
    """Mean error at T = 4 on a network with random weights: auto < gn and sdm < if."""
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(64, *SHAPES[SmallCNN])
    errors = {}
    for name in METHODS:
        snn = snnconv.convert(model, 4, data=[x], method=name)
        with torch.no_grad():
            errors[name] = float((snn(x) - model(x)).abs().mean())
    assert errors["auto"] == min(errors.values())
    assert errors["if"] == max(errors.values())
