"""The sentences about a sweep, on made-up ones of which the right answer is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snnconv.bench import Row, Sweep
from snnconv.reports.sections.sweep import sweep_section
from snnconv.reports.sections.sweep_figures import neurons_of

from ..plots.made import made


def with_rows(*rows: Row) -> Sweep:
    return replace(made(2), rows=list(rows))


FIRST, SECOND = (curve.setting for curve in made(2).curves)


def test_fewest_steps_and_fewest_spikes_may_differ() -> None:
    """The ANN has 90 %; what has 89 % or more is close."""
    told = sweep_section(
        with_rows(
            Row(FIRST, 1, 88.9, 0.1, 1), Row(FIRST, 4, 89.0, 0.5, 5), Row(SECOND, 2, 90.5, 2.0, 20),
            Row(SECOND, 4, 90.5, 4.0, 40),
        )
    ).headline  # fmt: skip
    assert told[0] == "2 spiking versions of an ANN that classifies 90.00 % of 200 samples of test.npz correctly."
    at_two = f"{SECOND} at T = 2, 2.00 spikes per neuron and sample"
    assert told[1] == f"Highest accuracy: 90.50 %, 0.50 points above the ANN ({at_two})."
    assert told[2] == (
        f"Within 1 point of the ANN with the fewest steps: {at_two}; "
        f"with the fewest spikes: {FIRST} at T = 4, 0.50 spikes per neuron and sample."
    )


def test_one_row_may_be_both() -> None:
    told = sweep_section(with_rows(Row(FIRST, 1, 90.0, 0.1, 1), Row(FIRST, 2, 85.0, 0.2, 2))).headline
    assert told[0].startswith("One spiking version of")
    assert "level with the ANN" in told[1]
    assert told[2].startswith(
        f"Within 1 point of the ANN with the fewest steps and the fewest spikes: {FIRST} at T = 1"
    )


def test_none_may_be_close() -> None:
    told = sweep_section(with_rows(Row(FIRST, 1, 50.0, 0.1, 1))).headline
    assert "40.00 points below the ANN" in told[1]
    assert told[2] == "No setting comes within 1 point of the ANN."


def test_uncertainty_is_that_of_a_proportion() -> None:
    """√(0.9 · 0.1 / 200) = 2.12 %; one of 200 is half a point."""
    paragraph = sweep_section(made(2)).paragraphs[0]
    assert "one sample is 0.5 points" in paragraph
    assert "standard error of the ANN's accuracy is 2.1 points" in paragraph


def test_notices_say_whom_they_are_about() -> None:
    first, second = made(2).curves
    sweep = replace(
        made(2),
        curves=[replace(first, notices=["all", "one"]), replace(second, notices=["all"], samples=100)],
        complete=False,
    )
    notices = sweep_section(sweep).notices
    assert "interrupted" in notices[0]
    assert list(notices[1:]) == ["all", f"{FIRST}: one", f"evaluated on fewer samples than the others: {SECOND}"]


@pytest.mark.parametrize(("settings", "panels"), [(2, 2), (6, 6), (7, 4)])
def test_neurons_are_those_of_the_sweep_where_they_fit(settings: int, panels: int) -> None:
    neurons = neurons_of(made(settings))
    assert len(neurons) == panels
    if settings <= 6:
        assert [neuron.scale for neuron in neurons.values()] == [c.settings["alpha"] for c in made(settings).curves]


def test_neurons_of_a_method_that_is_not_here() -> None:
    first, second = made(2).curves
    other = replace(second, settings={"method": "somebody's own"})
    assert "IF" in neurons_of(replace(made(2), curves=[first, other]))
