"""Grids as typed: which settings they name, what those are called, and what is refused."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
import torch

from snnconv import METHODS, InputError, convert
from snnconv.bench import grid, sweep
from snnconv.bench._grid import combine
from snnconv.bench.parse_settings import parse_numbers, parse_settings
from snnconv.data import DataSource, open_data
from snnconv.methods.label import label_of
from snnconv.models import fashion_cnn


def labels(methods: str, **options: list[Any]) -> list[str]:
    return [setting.label for setting in combine(parse_settings(methods), options)]


@pytest.mark.parametrize(
    ("methods", "options", "expected"),
    [
        ("auto", {}, ["auto"]),
        ("if", {}, ["if"]),
        ("if,sdm", {}, ["if", "sdm α=0.5 β=2"]),
        ("sdm", {"alpha": [0.2, 0.5], "beta": [2, 5]}, [f"sdm α={a} β={b}" for a in (0.2, 0.5) for b in (2, 5)]),
        ("if,sdm", {"alpha": [0.2, 0.5]}, ["if", "sdm α=0.2 β=2", "sdm α=0.5 β=2"]),
        ("sdm:alpha=0.2,beta=5", {"alpha": [0.5], "beta": [2]}, ["sdm α=0.2 β=5"]),
        ("sdm:beta=5,sdm", {"alpha": [0.2]}, ["sdm α=0.2 β=5", "sdm α=0.2 β=2"]),
        ("if", {"alpha": [0.5, 1.0]}, ["if α=0.5", "if"]),  # alone, it takes what it has
        ("if:alpha=0.5,sdm", {"beta": [3]}, ["if α=0.5", "sdm α=0.5 β=3"]),
        ("sdm:retract=zero,down_limit=2", {}, ["sdm α=0.5 β=2 retract=zero down_limit=2"]),
        ("sdm:down-limit=2", {}, ["sdm α=0.5 β=2 down_limit=2"]),
        ("sdm,if", {"gate": ["input"]}, ["sdm α=0.5 β=2 gate=input", "if"]),
        ("if,gn", {"threshold": ["max"], "per_channel": [True]},
         ["if threshold=max per channel", "gn α=0.25 β=4 threshold=max per channel"]),
        ("auto:per_channel=false,threshold=percentile:99", {}, ["auto threshold=percentile:99 per layer"]),
        ("sdm:alpha=0.2, beta=5 , auto", {}, ["sdm α=0.2 β=5", "auto"]),
        ("auto", {"alpha": [0.2, 0.5]}, ["sdm-zero α=0.2 β=5", "sdm-zero α=0.5 β=5"]),
        ("auto:cost=0.5,auto:down_limit=1", {}, ["auto cost=0.5", "sdm-zero α=0.2 β=5 down_limit=1"]),
    ],
)  # fmt: skip
def test_combinations(methods: str, options: dict[str, list[Any]], expected: list[str]) -> None:
    assert labels(methods, **options) == expected


def test_the_example_of_the_help_page() -> None:
    given = {"alpha": parse_numbers("0.2,0.5", "alpha"), "beta": parse_numbers("2,5", "beta")}
    found = labels("if,sdm,sdm:retract=zero,down_limit=2,auto", **given)
    pairs = [f"α={a} β={b}" for a in (0.2, 0.5) for b in (2, 5)]
    crossed = [
        [f"sdm {pair}" for pair in pairs],
        [f"sdm {pair} retract=zero down_limit=2" for pair in pairs],
        [f"sdm-zero {pair}" for pair in pairs],
    ]
    assert found == ["if", *chain.from_iterable(crossed)]


@pytest.mark.parametrize(
    ("methods", "options", "parts"),
    [
        ("sdmm", {}, ("unknown method 'sdmm'", "did you mean 'sdm'")),
        ("alpha=0.2,sdm", {}, ("before its method",)),
        ("", {}, ("unknown method ''",)),
        ("sdm,", {}, ("unknown method ''",)),
        ("sdm:", {}, ("unknown option of method 'sdm'",)),
        ("sdm:alfa=0.2", {}, ("unknown option of method 'sdm'", "alpha, beta, gate")),
        ("sdm:alpha", {}, ("unknown option of method 'sdm'",)),
        ("sdm:alpha=0.2,alpha=0.5", {}, ("option alpha of method 'sdm' comes twice",)),
        ("sdm:alpha=half", {}, ("option alpha of method 'sdm' has a bad value", "'half'")),
        ("sdm:beta=1.5", {}, ("option beta of method 'sdm' has a bad value",)),
        ("auto:per_channel=maybe", {}, ("per_channel", "true or false")),
        ("sdm:alpha=1.5", {}, ("alpha is out of range", "(0, 1]")),
        ("sdm:retract=never", {}, ("retract", "'threshold' or 'zero'")),
        ("sdm:threshold=percentil:9", {}, ("unknown threshold rule 'percentil'", "did you mean 'percentile'")),
        ("if:beta=2", {}, ("method 'if' has no option beta",)),
        ("if", {"beta": [2]}, ("method 'if' has no option beta",)),
        ("if,if:threshold=max", {"alpha": [0.5]}, ("no method of the grid takes alpha",)),
        ("if", {"gate": ["input"]}, ("method 'if' has no option gate",)),
        ("sdm,sdm", {}, ("a setting comes twice", "sdm α=0.5 β=2")),
        ("sdm,sdm:alpha=0.5", {}, ("a setting comes twice",)),
        ("sdm-zero,sdm-zero:down_limit=5", {}, ("a setting comes twice",)),
    ],
)
def test_refusals(methods: str, options: dict[str, list[Any]], parts: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        labels(methods, **options)
    for part in parts:
        assert part in str(caught.value)


def test_close_values_have_different_labels() -> None:
    assert labels("sdm", alpha=[0.2, 0.20000001]) == ["sdm α=0.2 β=2", "sdm α=0.20000001 β=2"]


@pytest.mark.parametrize("method", list(METHODS))
def test_a_network_is_called_what_its_setting_is(method: str) -> None:
    """The label of a conversion's record is that of the grid's setting, so that files and grids agree."""
    x = torch.rand(4, 1, 28, 28)
    snn = convert(fashion_cnn(), data=[x], method=method, threshold="max")
    (setting,) = combine(parse_settings(f"{method}:threshold=max"), {})
    assert label_of(snn.plan.settings) == setting.label
    assert setting.resolved.items() <= snn.plan.settings.items()


def test_methods_that_are_not_registered_keep_their_name() -> None:
    assert label_of({"method": "mine", "alpha": 0.5}) == "mine"


def test_a_grid_is_measured_as_its_networks_one_by_one(images: DataSource) -> None:
    model, train = fashion_cnn(pretrained=True), open_data("fashion:train", limit=64)
    networks = grid(model, "if,sdm", T=2, alpha=(0.2,), beta=(5,), data=train)
    assert list(networks) == ["if", "sdm α=0.2 β=5"]
    result = sweep(networks, images, [1, 2])
    assert [row.setting for row in result.rows] == ["if", "if", "sdm α=0.2 β=5", "sdm α=0.2 β=5"]
    alone = {
        "if": convert(model, method="if", data=train),
        "sdm α=0.2 β=5": convert(model, method="sdm", alpha=0.2, beta=5, data=train),
    }
    for label, snn in alone.items():
        assert result.rows_of(label) == sweep(snn, images, [1, 2]).rows


def test_corrections_of_a_method_and_of_all() -> None:
    """In a list of methods they are joined by +: a comma begins the next option."""
    listed = parse_settings("if,sdm:corrections=shift+bias-per-step,rts:corrections=none")
    found = combine(listed, {"corrections": [("potential",)]})
    assert [setting.label for setting in found] == [
        "if correct=potential", "sdm α=0.5 β=2 correct=shift+bias-per-step", "rts correct=none",
    ]  # fmt: skip
    assert [setting.at_T for setting in found] == [True, True, False]
    assert found[1].resolved["corrections"] == ["shift", "bias-per-step"]
    with pytest.raises(InputError, match="unknown correction 'bios'"):
        combine(parse_settings("if:corrections=bios"), {})
