"""Lists of time steps as typed."""

from __future__ import annotations

import pytest

from snnconv.bench import parse_steps
from snnconv.errors import InputError


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("4", (4,)),
        ("1,2,4,8", (1, 2, 4, 8)),
        ("8, 1 ,4", (1, 4, 8)),
        ("1..5", (1, 2, 3, 4, 5)),
        ("1..3,8,16..17", (1, 2, 3, 8, 16, 17)),
        ("7..7", (7,)),
    ],
)
def test_lists(text: str, steps: tuple[int, ...]) -> None:
    assert parse_steps(text) == steps


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0", "at least 1"),
        ("0..4", "at least 1"),
        ("-1,2", "at least 1"),
        ("4..1", "at least 1"),
        ("3,3", "3 comes twice"),
        ("1..4,2..3", "2 comes twice"),
        ("", "not a list"),
        ("1,,2", "not a list"),
        ("1.5", "not a list"),
        ("..", "not a list"),
        ("1..", "not a list"),
    ],
)
def test_refusals(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_steps(text)


def test_long_ranges_take_no_time() -> None:
    assert len(parse_steps("1..100000")) == 100_000
