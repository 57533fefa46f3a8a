"""Which results of an earlier run are used again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snnconv import SpikingNetwork, convert
from snnconv.bench import grid
from snnconv.bench._grid import Grid
from snnconv.data import DataSource, open_data
from snnconv.models import fashion_cnn
from snnconv.reports import measure

pytestmark = pytest.mark.usefixtures("unpainted")
NAMES = ("energy", "diagnose", "latency", "attention")


@pytest.fixture(scope="module")
def few() -> DataSource:
    return open_data("fashion:test", batch_size=6, limit=6)


def networks(method: str = "if", made: list[int] | None = None, images: int = 8) -> Grid:
    found = grid(fashion_cnn(pretrained=True), method, 2, data=open_data("fashion:train", limit=images))
    inner = found._make

    def make(setting: Any, T: int) -> SpikingNetwork:
        if made is not None:
            made.append(T)
        return inner(setting, T)

    found._make = make
    return found


def stamps(folder: Path) -> dict[str, int]:
    return {name: (folder / f"{name}.json").stat().st_ino for name in NAMES}


def anew(folder: Path, again: Callable[[], None]) -> set[str]:
    """What is written again; a file is replaced by another one."""
    before = stamps(folder)
    again()
    return {name for name, stamp in stamps(folder).items() if stamp != before[name]}


def test_nothing_is_made_where_all_is_there(few: DataSource, tmp_path: Path) -> None:
    made: list[int] = []
    measure(networks(made=made), few, (1, 2), tmp_path)
    assert made == [2, 2]  # for the sweep, and to be looked at
    assert anew(tmp_path, lambda: measure(networks(made=made), few, (1, 2), tmp_path)) == set()
    assert made == [2, 2]


def test_what_depends_on_a_choice_is_measured_anew(few: DataSource, tmp_path: Path) -> None:
    measure(networks(), few, (1, 2), tmp_path)
    assert anew(tmp_path, lambda: measure(networks(), few, (1, 2), tmp_path, at=1)) == {"energy", "diagnose"}
    assert anew(tmp_path, lambda: measure(networks(), few, (1, 2), tmp_path, at=1, within=2.0)) == {"latency"}
    again = {"at": 1, "within": 2.0, "overwrite": True}
    assert anew(tmp_path, lambda: measure(networks(), few, (1, 2), tmp_path, **again)) == set(NAMES)


def test_another_network_is_measured_anew(few: DataSource, tmp_path: Path) -> None:
    """Though the files of another one are there: without its journal, the sweep of the first is forgotten."""
    measure(networks(), few, (1, 2), tmp_path)
    for other in (networks("sdm"), networks("sdm", images=4), networks("rts")):
        (tmp_path / "sweep.jsonl").unlink()
        (tmp_path / "sweep.json").unlink()
        assert anew(tmp_path, lambda other=other: measure(other, few, (1, 2), tmp_path)) == set(NAMES)
        assert anew(tmp_path, lambda other=other: measure(other, few, (1, 2), tmp_path)) == set()


def test_results_that_are_damaged_or_say_nothing_are_measured_anew(few: DataSource, tmp_path: Path) -> None:
    measure(networks(), few, (1, 2), tmp_path)
    (tmp_path / "energy.json").write_text("{")
    (tmp_path / "latency.svg").unlink()
    path = tmp_path / "diagnose.json"
    document = json.loads(path.read_text())
    del document["provenance"]["configuration"]
    path.write_text(json.dumps(document))
    assert anew(tmp_path, lambda: measure(networks(), few, (1, 2), tmp_path)) == {"energy", "latency", "diagnose"}


def test_a_network_made_elsewhere_is_told_apart_by_its_thresholds(few: DataSource, tmp_path: Path) -> None:
    model, data = fashion_cnn(pretrained=True), open_data("fashion:train", limit=8)
    one, other = convert(model, 2, data=data, method="if"), convert(model, 2, data=data, method="if", threshold="max")
    other.plan.settings["threshold"] = one.plan.settings["threshold"]
    measure({"it": one}, few, (1, 2), tmp_path)
    assert anew(tmp_path, lambda: measure({"it": one}, few, (1, 2), tmp_path)) == set()
    for path in tmp_path.glob("sweep.json*"):
        path.unlink()
    assert anew(tmp_path, lambda: measure({"it": other}, few, (1, 2), tmp_path)) == set(NAMES)
