"""Budgets, and the search for what costs so much: against costs in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from snnconv import InputError
from snnconv.tuning import Budget
from snnconv.tuning.budget import MOST_TRIES, NEAR, budget_of, fit
from snnconv.tuning.score import Score

SCORE = Score(100, agreement=90.0, divergence=0.1, accuracy=None, spikes_per_neuron=0.5, energy=0.02)


def test_a_budget_is_of_one_kind() -> None:
    assert budget_of(1.5, None) == Budget("spikes", 1.5)
    assert budget_of(None, 0.1) == Budget("energy", 0.1)
    assert (Budget("spikes", 1.0).of(SCORE), Budget("energy", 1.0).of(SCORE)) == (0.5, 0.02)
    assert Budget("energy", 0.5).words == "0.5 mJ per sample"


@pytest.mark.parametrize(
    ("spikes", "energy", "words"),
    [(None, None, "neither"), (1.0, 2.0, "both"), (0.0, None, "above 0"), (None, math.nan, "above 0")],
)
def test_no_other_budgets(spikes: float | None, energy: float | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        budget_of(spikes, energy)


@pytest.mark.parametrize(
    "cost",
    [
        lambda f: 3 / f,
        lambda f: 0.2 + 3 / f**0.7,  # a part that no θ changes
        lambda f: 3 / (1 + f**2),
        lambda f: math.ceil(300 / f) / 100,  # in jumps
    ],
)
@pytest.mark.parametrize("start", [0.1, 1.0, 30.0])
def test_fits_what_falls(cost: Callable[[float], float], start: float) -> None:
    calls: list[float] = []

    def counted(factor: float) -> float:
        calls.append(factor)
        return cost(factor)

    found = fit(counted, 0.9, start)
    assert found is not None
    assert 0.9 * (1 - 2 * NEAR) <= cost(found) <= 0.9
    assert len(calls) <= MOST_TRIES


def test_what_nothing_makes_cheap() -> None:
    assert fit(lambda f: 2 + 1 / f, 1.0) is None


def test_what_stays_cheap_however_fine() -> None:
    """A cost that is bounded, as where θ is at what one step must represent."""
    found = fit(lambda f: min(0.5, 1 / f), 0.8)
    assert found is not None
    assert found < 1


def test_silence_costs_nothing() -> None:
    found = fit(lambda f: 0.0 if f > 2 else 1.0 / f, 0.7)
    assert found is not None
    assert found >= 1 / 0.7
