"""A sweep that was stopped, by whatever, and continued gives what an undisturbed one gives, to the last byte."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from snnconv import InputError, SpikingNetwork
from snnconv.bench import Sweep, sweep
from snnconv.data import DataSource, open_data

STEPS = (1, 3)
ARGUMENTS = [
    "sweep", "snnconv:fashion_cnn", "--arch-arg", "pretrained=true", "--calib", "fashion:train", "--calib-limit", "32",
    "--data", "fashion", "--limit", "40", "--batch-size", "8", "--method", "if,auto", "--T", "1..3", "-q",
]  # fmt: skip


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "snnconv", *ARGUMENTS, "-o", str(folder), *more]


def timeless(folder: Path) -> str:
    return re.sub(r'"made": "[^"]*"', "", (folder / "sweep.json").read_text())


def lines_in(folder: Path) -> int:
    path = folder / "sweep.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_and_resume(folder: Path, kills: int) -> list[int]:
    """Kill the command so many times, each a random number of journal lines and a moment later; then let it end.

    Returns:
        How many lines the journal had after each kill.
    """
    chance = random.Random(0)
    lines: list[int] = []
    while len(lines) < kills:
        running = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        goal = lines_in(folder) + chance.randint(0, 4)
        if goal == 0:
            time.sleep(chance.uniform(0, 5))  # while it loads and converts
        while lines_in(folder) < goal and running.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.2))
        running.send_signal(signal.SIGKILL)
        if running.wait() == 0:  # it had ended: afresh
            for path in folder.iterdir():
                path.unlink()
        lines.append(lines_in(folder))
    subprocess.run(command(folder), check=True, capture_output=True)
    return lines


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(command(folder), check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments(kills: int, undisturbed: Path, tmp_path: Path) -> None:
    lines = kill_and_resume(tmp_path, kills)
    assert any(1 < count < lines_in(undisturbed) for count in lines), lines  # hit in the middle of the work
    assert timeless(tmp_path) == timeless(undisturbed)
    for name in ("sweep.csv", "sweep.svg", "sweep.png"):
        assert (tmp_path / name).read_bytes() == (undisturbed / name).read_bytes()


@pytest.fixture(scope="module")
def images() -> DataSource:
    """Three batches."""
    return open_data("fashion:test", batch_size=8, limit=20)


class Stop(KeyboardInterrupt):
    """Ctrl-C at a known moment."""


class Interrupted:
    """Batches that end in an interrupt after so many."""

    def __init__(self, data: DataSource, batches: int) -> None:
        self.data, self.left = data, batches
        self.name, self.digest = "fashion", data.digest

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.data:
            if self.left == 0:
                raise Stop
            self.left -= 1
            yield batch


def same(one: Sweep, other: Sweep) -> bool:
    dropped = ("provenance", "configuration")
    first, second = ({k: v for k, v in result.to_dict().items() if k not in dropped} for result in (one, other))
    return first == second


def refuse() -> SpikingNetwork:
    pytest.fail("made a network whose setting is finished")


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_interrupted_results_are_valid_and_resume(
    stop: int, snn: SpikingNetwork, images: DataSource, tmp_path: Path
) -> None:
    """Two settings of three batches each, stopped after each number of batches."""
    networks = {"one": lambda: snn, "two": lambda: snn}
    with pytest.raises(Stop):
        sweep(networks, Interrupted(images, stop), STEPS, folder=tmp_path)
    partial = Sweep.load(tmp_path)
    assert not partial.complete
    seen = {"one": min(stop, 3), "two": max(0, stop - 3)}
    sizes = [8, 8, 4]
    assert {curve.setting: curve.samples for curve in partial.curves} == {
        setting: sum(sizes[:batches]) for setting, batches in seen.items() if batches
    }
    batches = [batch for batch, _ in zip(images, range(seen["one"]))]
    assert [row.accuracy for row in partial.rows_of("one")] == [row.accuracy for row in sweep(snn, batches, STEPS).rows]
    assert partial.samples == sum(sizes[: seen["one"]])
    whole = sweep(networks, Interrupted(images, 99), STEPS, folder=tmp_path)
    assert whole.complete
    assert same(whole, sweep(networks, Interrupted(images, 99), STEPS))
    assert same(Sweep.load(tmp_path), whole)


def test_interrupted_before_the_first_batch(snn: SpikingNetwork, images: DataSource, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        sweep(snn, Interrupted(images, 0), STEPS, folder=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_finished_settings_are_not_made_again(snn: SpikingNetwork, images: DataSource, tmp_path: Path) -> None:
    first = sweep({"one": lambda: snn, "two": lambda: snn}, images, STEPS, folder=tmp_path)
    again = sweep({"one": refuse, "two": refuse}, images, STEPS, folder=tmp_path)
    assert same(first, again)
    journal = tmp_path / "sweep.jsonl"
    header, *lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([header, *(line for line in lines if '"two"' not in line)]))
    assert same(first, sweep({"one": refuse, "two": lambda: snn}, images, STEPS, folder=tmp_path))


def test_the_order_of_batches_in_the_journal_does_not_matter(
    snn: SpikingNetwork, images: DataSource, tmp_path: Path
) -> None:
    first = sweep(snn, images, STEPS, folder=tmp_path)
    header, *rest = (tmp_path / "sweep.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "sweep.jsonl").write_text("".join([header, *reversed(rest)]))
    assert same(first, sweep(snn, images, STEPS, folder=tmp_path))


def part(batch_size: int, limit: int) -> DataSource:
    return open_data("fashion:test", batch_size=batch_size, limit=limit)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"T": (1, 2)}, "T: [1, 3] → [1, 2]"),
        ({"seed": 1}, "seed: 0 → 1"),
        ({"energy_model": "memory"}, 'energy_model.name: "45nm" → "memory"'),
        ({"data": part(10, 19)}, "data.length: 20 → 19"),
        ({"data": part(20, 20)}, "data.batch_size: 10 → 20"),
    ],
    ids=["T", "seed", "energy model", "limit", "batch size"],
)
def test_another_configuration_is_refused_until_overwritten(
    change: dict[str, Any], named: str, snn: SpikingNetwork, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"networks": snn, "data": part(10, 20), "T": STEPS, "folder": tmp_path}
    sweep(**options)
    kept = (tmp_path / "sweep.json").read_bytes()
    with pytest.raises(InputError) as caught:
        sweep(**options | change)
    assert named in str(caught.value)
    assert (tmp_path / "sweep.json").read_bytes() == kept
    replaced = sweep(**options | change, overwrite=True)
    assert same(replaced, sweep(**options | change))


def test_another_network_is_refused(snn: SpikingNetwork, images: DataSource, tmp_path: Path) -> None:
    sweep(snn, images, [1], folder=tmp_path)
    sweep(snn, images, [1], folder=tmp_path)
    with pytest.raises(InputError, match=r"networks\.other: added"):
        sweep({"other": snn}, images, [1], folder=tmp_path)
    weight = next(p for p in snn.ann.parameters() if p.dim() > 1)
    weight.data[0] += 1
    try:
        with pytest.raises(InputError, match="sha256"):
            sweep(snn, images, [1], folder=tmp_path)
    finally:
        weight.data[0] -= 1


def test_results_say_which_configuration_they_are_of(snn: SpikingNetwork, images: DataSource, tmp_path: Path) -> None:
    result = sweep(snn, images, STEPS, folder=tmp_path)
    header = json.loads((tmp_path / "sweep.jsonl").read_text().splitlines()[0])
    assert result.configuration == header["configuration"]
    assert result.configuration["T"] == list(STEPS)
