"""What is told of a tuning, on a made-up one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.reports import report
from snnconv.reports.record import configuration_of
from snnconv.reports.sections.tune import tune_section
from snnconv.tuning import Budget, Trial, Tuned
from snnconv.tuning.result import TunedSite
from snnconv.tuning.score import Score


def trial(setting: str, divergence: float, accuracy: float | None, *, chosen: bool = False) -> Trial:
    score = Score(400, 98.75, divergence, accuracy, 0.6, 0.0123)
    return Trial(setting, 2, 2, 1.5, ("bias",) if chosen else (), False, chosen, score)


def made(accuracy: float | None) -> Tuned:
    trials = [trial("if", 0.5, accuracy), trial("mt", 0.1, accuracy), trial("auto", 0.2, accuracy, chosen=True)]
    sites = [TunedSite("relu", "signed", (0.1, 0.2, 0.35), 7)]
    return Tuned(trials, Budget("spikes", 0.7), sites, {"data": "npz:train.npz", "choice_samples": 400, "seed": 0})


def test_the_choice_is_told() -> None:
    section = tune_section(made(91.5))
    assert section.headline == [
        "At most 0.7 spikes per neuron: auto + bias at T = 2 names the ANN's class on 98.75 % of 400 calibration "
        "samples, accuracy 91.50 %, with 0.6 spikes per neuron and 12.3 µJ a sample."
    ]
    assert [(tile.value, tile.note) for tile in section.tiles] == [
        ("98.75 %", "auto + bias at T = 2, calibration samples")
    ]


def test_the_chosen_candidate_stands_first_and_the_nearest_next() -> None:
    candidates, sites = tune_section(made(91.5)).tables
    assert [row[0].text for row in candidates.rows] == ["auto + bias", "mt", "if"]
    assert [cell.text for cell in sites.rows[0]] == ["relu", "signed", "0.1", "0.2", "0.35", "7"]
    assert [column.heading for column in sites.columns][2:5] == ["θ, least", "θ, median", "θ, largest"]


def test_results_without_a_choice_are_none(tmp_path: Path) -> None:
    tuned = made(None)
    replace(tuned, trials=tuned.trials[:2]).to_json(tmp_path / "tune.json")
    with pytest.raises(InputError, match="not one of the trials is the chosen one"):
        report(tmp_path, tmp_path / "report.html")


def test_without_labels_there_is_no_accuracy() -> None:
    section = tune_section(made(None))
    assert "accuracy" not in section.headline[0]
    assert "accuracy (%)" not in [column.heading for column in section.tables[0].columns]


def test_what_it_was_chosen_by_is_on_record() -> None:
    budget = {"kind": "spikes", "limit": 0.7}
    assert configuration_of(made(None)) == {"data": "npz:train.npz", "budget": budget, "choice_samples": 400}
