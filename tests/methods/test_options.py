"""The table of options: `convert`, labels, grids and the command line all know the same ones."""

from __future__ import annotations

import inspect
import random
from dataclasses import replace
from typing import Any

import pytest
import torch

import snnconv
from snnconv import METHODS, InputError
from snnconv.bench.setting import Setting
from snnconv.cli.main import cli
from snnconv.methods import OPTIONS, Option
from snnconv.methods.label import label_of
from snnconv.methods.options import OF_EVERY_METHOD
from snnconv.methods.parse import chosen, parse_method, parse_methods

from ..networks import SHAPES, SmallCNN

VALUES: dict[str, list[Any]] = {
    "alpha": [0.5, 1 / 15, 0.0625], "beta": [1, 3], "gate": ["memory", "input"], "retract": ["threshold", "zero"],
    "down_limit": [0, 1], "bits": [3, 6], "tau": [2], "rho": [2], "delay": [3], "cost": [0.0, 0.125],
    "threshold": ["max", "learned else percentile:99.9", "percentile:99"], "per_channel": [True, False],
    "corrections": [(), ("bias",), ("shift", "potential")], "weight_bits": [8, 16, "float"],
}  # fmt: skip


def test_every_option_has_values_here() -> None:
    assert set(VALUES) == set(OPTIONS)


@pytest.mark.parametrize("name", list(METHODS))
def test_a_label_can_be_pasted_back(name: str) -> None:
    """What a setting is called in a table is a setting on the command line, and the same one."""
    chance = random.Random(name)
    takes = [option for option in OPTIONS if option in (*METHODS[name].options, *OF_EVERY_METHOD)]
    for _ in range(40):
        options = {o: chance.choice(VALUES[o]) for o in chance.sample(takes, chance.randrange(min(5, len(takes) + 1)))}
        setting = Setting(name, options)
        pasted = Setting(*parse_method(setting.label))
        assert pasted.resolved == setting.resolved, setting.label
        assert chosen(setting.label, {}) == setting.setting


def test_labels_stand_beside_other_methods() -> None:
    found = parse_methods("if,sdm α=0.5 β=2 threshold=learned else max per channel,auto:correct=bias,bits=6")
    assert found == [
        ("if", {}), ("sdm", {"alpha": 0.5, "beta": 2, "threshold": "learned else max", "per_channel": True}),
        ("auto", {"corrections": ("bias",), "bits": 6}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sdm α=0.5 alpha=0.2", "alpha of method 'sdm' comes twice"),
        (f"sdm α={'9' * 400}/1", "alpha of method 'sdm' has a bad value"),
        ("sdm α=1/0", "alpha of method 'sdm' has a bad value"),
        ("sdm per neuron", "unknown option of method 'sdm'"),
        ("sdm leak=0.5", "unknown option of method 'sdm'"),
        ("if,sdm", "several methods where one is expected"),
    ],
)
def test_refused_text(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_method(text)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"leak": 0.2}, r"there is no option leak(.|\n)*of method 'auto': bits, cost, threshold"),
        ({"aplha": 0.2}, r"no option aplha(.|\n)*did you mean alpha\?"),
        ({"method": "if", "beta": 2}, r"'if' has no option beta(.|\n)*choose another method"),
    ],
)
def test_unknown_options_list_the_known(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        snnconv.convert(SmallCNN(), input_shape=SHAPES[SmallCNN], **options)


def test_a_method_of_ones_own_needs_no_registration() -> None:
    """Nor does its name have to be free."""
    own = replace(METHODS["sdm"], name="mine", options={**METHODS["sdm"].options, "beta": 7}, threshold="max")
    x = torch.randn(4, *SHAPES[SmallCNN])
    snn = snnconv.convert(SmallCNN(), 2, data=[x], method=own, alpha=0.25)
    settings = snn.plan.settings
    assert (settings["method"], settings["alpha"], settings["beta"], settings["threshold"]) == ("mine", 0.25, 7, "max")
    assert label_of(settings) == "mine"
    assert snn(x).shape == (4, 3)


def test_the_command_line_has_every_option() -> None:
    for name in ("convert", "sweep", "compare"):
        given = {parameter.name: parameter for parameter in cli.commands[name].params}
        missing = set(OPTIONS) - set(given) - ({"alpha", "beta"} if name == "compare" else set())
        assert not missing, name
        for option in OPTIONS.values():
            if option.name in given:
                assert given[option.name].opts == [flag.split("/")[0] for flag in option.declarations[:-1]]


def test_names_are_told_once() -> None:
    """No two options share a spelling, and the docstring of `convert` has each."""
    spelled = [spelling for option in OPTIONS.values() for spelling in option.spellings]
    assert len(spelled) == len(set(spelled))
    text = inspect.getdoc(snnconv.convert) or ""
    assert all(option in text for option in OPTIONS)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_bad_values_are_refused(option: Option) -> None:
    bad = {"gate": None, "retract": None, "threshold": None, "corrections": None}.get(option.name, "x1")
    if bad is not None:
        with pytest.raises((ValueError, KeyError)):
            option.read(bad)
    for value in VALUES[option.name]:
        text = "+".join(value) or "none" if isinstance(value, tuple) else str(value)
        assert option.read(text) == value
