"""What is typed for all methods, and values of options; methods with what they fix stand in the tests of grids."""

from __future__ import annotations

import pytest

from snnconv import METHODS, InputError
from snnconv.bench._grid import combine
from snnconv.bench.parse_settings import parse_numbers, parse_settings


def test_all_are_the_methods_that_need_no_training() -> None:
    free = [name for name in METHODS if METHODS[name].needs == "nothing"]
    assert {"auto", "mt", "ltb", "snnc-light"} <= set(free)
    assert not {"qcfs", "sdm", "rts"} & set(free)
    assert [setting.method for setting in parse_settings("all")] == free
    found = combine(parse_settings("qcfs,all,mt:bits=6"), {})
    assert [setting.method for setting in found] == ["qcfs", *free, "mt"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("all:alpha=1", "all takes no options of its own"),
        ("all,alpha=1", "all takes no options of its own"),
        ("mt,all,sdm:alpha=1,all,beta=2", "all takes no options of its own"),
        ("all,mt", "a setting comes twice"),
        ("al", "unknown method 'al'"),
    ],
)
def test_refused_methods(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        combine(parse_settings(text), {})


@pytest.mark.parametrize(
    ("text", "option", "problem"),
    [
        ("0.2,half", "alpha", "--alpha has a bad value"),
        ("", "alpha", "--alpha has a bad value"),
        ("2,2.5", "beta", "--beta has a bad value"),
        ("0.5,0.50", "alpha", "--alpha 0.5 comes twice"),
    ],
)
def test_refused_numbers(text: str, option: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_numbers(text, option)
