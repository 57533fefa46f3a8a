"""When an error counts as falling: courses of every kind, by hand."""

from __future__ import annotations

import math
import random

import pytest

from snnconv.verification.bounds import default_check
from snnconv.verification.convergence import convergence_check, slope_of

FLOOR = 1e-4
DRAW = random.Random(0)
STEPS = range(1, 33)
FALLS = {
    "as 1/T": [0.5 / t for t in STEPS],
    "as 1/T, unevenly": [0.5 / t * DRAW.uniform(0.2, 1.8) for t in STEPS],
    "slowly": [0.5 / t**0.6 for t in STEPS],
    "late": [min(0.9, 6 / t) for t in STEPS],
    "0 at once": [0.0 for _ in STEPS],
    "rounding at once": [1e-6 * DRAW.uniform(0.5, 1.5) for _ in STEPS],
    "by chance small at a quarter": [0.0 if t == 8 else 0.5 / t for t in STEPS],
}
STAYS = {
    "constant": [0.325 for _ in STEPS],
    "constant, the last digit falling": [0.325 - 1e-9 * t for t in STEPS],
    "constant and small": [1e-3 for _ in STEPS],
    "a floor under 1/T": [math.hypot(0.05, 0.1 / t) for t in STEPS],
    "by chance small at the end": [0.001 if t == 32 else 0.3 for t in STEPS],
    "too slowly": [0.5 / t**0.2 for t in STEPS],
    "rising": [0.01 * t for t in STEPS],
    "not a number": [math.nan for _ in STEPS],
    "not a number at the end": [0.5 / t if t < 32 else math.nan for t in STEPS],
    "infinite": [math.inf for _ in STEPS],
}


@pytest.mark.parametrize("T", [4, 5, 7, 32])
@pytest.mark.parametrize("name", [name for name in FALLS if name not in ("late", "as 1/T, unevenly")])
def test_it_falls(name: str, T: int) -> None:
    assert convergence_check(FALLS[name][:T], FLOOR).held


@pytest.mark.parametrize("name", FALLS)
def test_it_falls_in_the_end(name: str) -> None:
    assert convergence_check(FALLS[name], FLOOR).held


@pytest.mark.parametrize("name", STAYS)
def test_it_stays(name: str) -> None:
    assert not convergence_check(STAYS[name], FLOOR).held


def test_what_came_is_said() -> None:
    check = convergence_check(FALLS["as 1/T"], FLOOR)
    assert check.got == "8.05 % around T = 8, 2.16 % around T = 32, slope -0.95"
    assert "slope" not in convergence_check(STAYS["not a number"], FLOOR).got


@pytest.mark.parametrize(
    ("error", "fine", "held"),
    [(0.04, True, True), (0.041, True, False), (0.16, False, True), (0.161, False, False), (math.nan, True, False)],
)
def test_the_bound_is_what_rounding_costs(error: float, fine: bool, held: bool) -> None:
    check = default_check(error, 0.01, 32, fine, FLOOR)
    assert check.held is held
    assert check.expected.startswith(f"an error of at most {4 if fine else 16} % at T = 32")


def test_rounding_that_costs_nothing_leaves_the_floor() -> None:
    assert default_check(5e-5, 0.0, 32, True, FLOOR).held
    assert not default_check(2e-4, 0.0, 32, True, FLOOR).held


def test_the_slope_of_what_can_be_drawn() -> None:
    assert slope_of({1: 1.0, 2: 0.5, 4: 0.25}) == pytest.approx(-1)
    assert slope_of({1: 0.0, 2: math.inf, 4: 0.25}) is None
