"""What a comparison says, on made-up sweeps of which the right answer is known; and the sets of settings it offers."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.bench import Row, Sweep
from snnconv.bench._grid import combine
from snnconv.methods.label import label_of
from snnconv.papers.presets import PRESETS
from snnconv.reports.compare import COLUMNS, cheapest, save_comparison
from snnconv.reports.comparison_page import cheapest_table, merged, notes, page

from ..plots.made import made

FILES = [
    "compare.csv", "compare.md", "pareto-energy.png", "pareto-energy.svg", "pareto-spikes.png", "pareto-spikes.svg"
]  # fmt: skip
FIRST, SECOND = (curve.setting for curve in made(2).curves)

# The ANN has 90 %. Within 0.3 points: the first three; within 1 point: the fourth too, which is the cheapest but late.
ROWS = [
    Row(FIRST, 1, 89.7, 2.0, 200.0, 5e6, 0.0, 3.0),
    Row(FIRST, 2, 91.0, 1.5, 150.0, 5e6, 0.0, 4.0),
    Row(SECOND, 1, 89.7, 3.0, 300.0, 9e6, 0.0, 2.0, latency=5),
    Row(SECOND, 4, 89.0, 0.5, 50.0, 1e6, 0.0, 1.0, latency=8),
    Row(SECOND, 8, 88.99, 0.1, 10.0, 1e5, 0.0, 0.1, latency=12),
]


def with_rows(*rows: Row) -> Sweep:
    return replace(made(2), rows=list(rows))


def test_the_cheapest_of_each_cost() -> None:
    found = {(each.within, each.least): each.row for each in cheapest(with_rows(*ROWS))}
    assert found == {
        (0.3, "energy"): ROWS[2],
        (0.3, "spikes"): ROWS[1],
        (0.3, "latency"): ROWS[0],  # 1 step; the third row is read after T = 1 too, but 5 steps
        (1.0, "energy"): ROWS[3],
        (1.0, "spikes"): ROWS[3],
        (1.0, "latency"): ROWS[0],
    }


def test_a_distance_of_exactly_so_many_samples_is_within() -> None:
    """70.4 − 0.3 is a little more than 70.1 in binary."""
    sweep = replace(with_rows(Row(FIRST, 1, 70.1, 1.0, 1.0)), ann_accuracy=70.4)
    assert 70.4 - 0.3 > 70.1
    assert all(each.row is not None for each in cheapest(sweep))


def test_nobody_may_be_close() -> None:
    sweep = with_rows(ROWS[-1])
    assert {each.row for each in cheapest(sweep)} == {None}
    assert [[cell.text for cell in line][:3] for line in cheapest_table(sweep).rows] == [
        ["0.3 points", "energy, spikes, latency", "none"],
        ["1 point", "energy, spikes, latency", "none"],
    ]


def test_energy_that_was_not_measured_is_not_cheap() -> None:
    rows = [Row(FIRST, 1, 90.0, 0.1, 1.0), Row(SECOND, 1, 90.0, 9.0, 90.0, energy=5.0)]
    assert cheapest(with_rows(*rows))[0].row == rows[1]


def test_what_needs_least_of_two_things_is_one_line() -> None:
    assert merged(cheapest(with_rows(*ROWS))) == [
        (0.3, ROWS[2], "energy"), (0.3, ROWS[1], "spikes"), (0.3, ROWS[0], "latency"),
        (1.0, ROWS[3], "energy, spikes"), (1.0, ROWS[0], "latency"),
    ]  # fmt: skip


def test_the_files_agree(tmp_path: Path) -> None:
    sweep = with_rows(*ROWS)
    paths = save_comparison(sweep, tmp_path / "new")
    assert sorted(os.listdir(tmp_path / "new")) == sorted(FILES) == sorted(path.name for path in paths)
    with (tmp_path / "new/compare.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [{name: str(getattr(row, name)) for name in COLUMNS} for row in ROWS] == rows
    text = (tmp_path / "new/compare.md").read_text()
    assert text == page(sweep)
    listed = [line.split(" | ") for line in text.splitlines() if line.startswith("| sdm") and line.count("|") == 9]
    assert [[line[0][2:], *line[1:4]] for line in listed] == [
        [row["setting"], row["T"], row["latency"], f"{float(row['accuracy']):.2f}"] for row in rows
    ]


def test_a_page_has_a_table_of_accuracies() -> None:
    text = page(with_rows(*ROWS)).splitlines()
    assert text[0] == "# 2 settings on 200 samples of test.npz; the ANN has 90.00 %"
    head = text.index("| setting | T = 1 | T = 2 | T = 4 | T = 8 |")
    assert text[head + 1 : head + 4] == [
        "| --- | ---: | ---: | ---: | ---: |",
        f"| {FIRST} | 89.70 | 91.00 | – | – |",
        f"| {SECOND} | 89.70 | – | 89.00 | 88.99 |",
    ]


def test_notes_say_how_it_was_run() -> None:
    first, second = made(2).curves
    curves = [
        replace(first, notices=["thresholds calibrated"], settings={**first.settings, "at_T": [1, 2]}),
        replace(second, settings={**second.settings, "warm_up": 4}),
    ]
    told = notes(replace(with_rows(*ROWS), curves=curves))
    assert f"{FIRST}: thresholds calibrated" in told
    assert any(note.startswith(f"{SECOND}: latency is T + 4; the 4 steps") for note in told)
    assert any(note.startswith(f"{FIRST}: converted and run again for every T") for note in told)
    assert any("not a measured power" in note for note in told)
    assert not any("latency" in note or "anew" in note for note in notes(made(2)))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot make the output folder"):
        save_comparison(made(2), tmp_path / "file" / "folder")


def test_the_ablation_switches_one_thing_a_letter() -> None:
    """M mapping alone; D dual threshold, B burst β = 2, S scaling α = 0.5."""
    settings = PRESETS["sdm-table2"]()
    assert [setting.label for setting in settings] == ["M", "MD", "MB", "MS", "MDB", "MDS", "MBS", "MDBS"]
    for setting in settings:
        resolved, letters = setting.resolved, setting.label
        assert setting.method == "sdm"
        assert resolved["down_limit"] == int("D" in letters)
        assert resolved["beta"] == 1 + ("B" in letters)
        assert resolved["alpha"] == (0.5 if "S" in letters else 1.0)
    assert label_of(settings[-1].resolved) == "sdm α=0.5 β=2"  # as published


def test_what_is_given_for_all_leaves_names() -> None:
    (setting, *_) = combine(PRESETS["sdm-table2"](), {"threshold": ["max"]})
    assert (setting.label, setting.resolved["threshold"], setting.resolved["alpha"]) == ("M", "max", 1.0)
