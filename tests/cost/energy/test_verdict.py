"""The sentence: who needs how much, who wins, and by how much, whichever side that is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from snnconv.cost.energy import readable, unit_of
from snnconv.cost.energy.verdict import verdict_of


@dataclass(frozen=True)
class Priced:
    name: str
    accuracy: float | None
    energy_mJ: float


def rows(snn: tuple[float, float], rounded: tuple[float, float], w4: tuple[float, float] = (88.0, 0.5)) -> list[Priced]:
    """(accuracy, mJ) of the spiking networks and of the 4-bit ANN, beside an ANN of 91.50 % and 10 mJ."""
    return [
        Priced("ANN FP32", 91.5, 10.0),
        Priced("ANN W4A4", *w4),
        Priced("ANN W8, 21 levels", 91.3, 1.0),
        Priced("SNN W8, T=4", *rounded),
        Priced("SNN, T=4", *snn),
    ]


def test_the_spiking_network_wins() -> None:
    assert verdict_of(rows((90.98, 0.25), (90.9, 0.2))) == (
        "SNN, T=4: 90.98 %, 250 µJ: 40.0× below ANN FP32 (91.50 %), 4.0× below ANN W8, 21 levels (91.30 %). "
        "SNN W8, T=4: 90.90 %, 200 µJ: 5.0× below ANN W8, 21 levels. "
        "Least energy within 1 point of ANN FP32: SNN W8, T=4, 200 µJ (90.90 %)."
    )


def test_the_spiking_network_loses() -> None:
    assert verdict_of(rows((91.2, 12.5), (91.1, 1.5))) == (
        "SNN, T=4: 91.20 %, 12.5 mJ: 1.25× above ANN FP32 (91.50 %), 12.5× above ANN W8, 21 levels (91.30 %). "
        "SNN W8, T=4: 91.10 %, 1.5 mJ: 1.50× above ANN W8, 21 levels. "
        "Least energy within 1 point of ANN FP32: ANN W8, 21 levels, 1 mJ (91.30 %)."
    )


def test_least_energy_does_not_win_with_another_accuracy() -> None:
    text = verdict_of(rows((80.0, 0.01), (79.0, 0.001), w4=(91.0, 0.5)))
    assert text.endswith(
        "Least energy within 1 point of ANN FP32: ANN W4A4, 500 µJ (91.00 %); SNN, T=4 loses 11.50 points."
    )


def test_an_ann_that_was_never_trained() -> None:
    named = [Priced("ANN FP32", None, 10.0), Priced("ANN W8A8", None, 1.0), *rows((90.98, 1.25), (90.9, 1.1))[-2:]]
    assert verdict_of(named) == (
        "SNN, T=4: 90.98 %, 1.25 mJ: 8.0× below ANN FP32, 1.25× above ANN W8A8. SNN W8, T=4: 90.90 %, 1.1 mJ: "
        "1.10× above ANN W8A8. Least energy: ANN W8A8, 1 mJ; no ANN of these layers was trained."
    )


def test_equal_and_no_energy() -> None:
    assert "level with ANN W8, 21 levels (91.30 %)" in verdict_of(rows((91.0, 1.0), (91.0, 1.0)))
    assert "infinitely below ANN FP32" in verdict_of(rows((91.0, 0.0), (91.0, 0.0)))


@pytest.mark.parametrize(
    ("energy", "text"),
    [
        (1234.0, "1.23 J"),
        (12.34, "12.3 mJ"),
        (0.9996, "1 mJ"),
        (0.9991, "999 µJ"),
        (2.5e6, "2500 J"),
        (0.0331, "33.1 µJ"),
        (3.84e-8, "38.4 pJ"),
        (0, "0 pJ"),
    ],
)
def test_units(energy: float, text: str) -> None:
    assert readable(energy) == text


def test_one_unit_for_a_table() -> None:
    assert unit_of([0.002, 0.5, 1e-7]) == ("µJ", 1e-3)
    assert unit_of([]) == ("pJ", 1e-9)
