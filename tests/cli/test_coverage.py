"""`snnconv coverage` on one small network, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from snnconv.coverage import Coverage
from snnconv.measure.lines import open_lines

from .conftest import Command

ONE = ("coverage", "--zoo", "torchvision", "--models", "squeezenet1_1")
FILES = ["coverage.csv", "coverage.json", "coverage.jsonl", "coverage.md", "coverage.png", "coverage.svg"]


def test_coverage(command: Command) -> None:
    ended = command(*ONE, "-o", "out", "-q")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(os.listdir("out")) == FILES
    assert "torchvision:squeezenet1_1" in ended.out
    assert "1 of 1 networks convert and run; 1 pass every check" in ended.out
    assert "table: out/coverage.md" in ended.out
    found = Coverage.load("out")
    assert found.held
    assert found.provenance["command"] == "snnconv " + " ".join(ONE)
    assert found.networks[0].peak_memory > 2**20

    before = Path("out/coverage.jsonl").read_text()
    again = command(*ONE, "-o", "out", "--json", "-q")
    assert again.code == 0
    document = json.loads(again.out)
    assert document["held"] is True
    assert document["networks"][0]["snn_error"] == {str(T): error for T, error in found.networks[0].snn_error.items()}
    assert Path("out/coverage.jsonl").read_text() == before  # nothing was run again


def test_the_exit_code_is_1_where_one_does_not_hold(command: Command) -> None:
    ended = command(*ONE, "--cpu-limit", "1", "-o", "out", "-q")
    assert ended.code == 1
    assert "failed: not done after 1 s of processor time" in ended.out
    assert "- torchvision:squeezenet1_1: not done after 1 s" in Path("out/coverage.md").read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--zoo", "timm"), "unknown zoo 'timm'"),
        (("--zoo", ","), "--zoo is empty"),
        (("--models", "lenet5"), "matches no network"),
        (("--models", "("), "not a regular expression"),
        (("--sample", "0"), "at least 1"),
        (("--jobs", "0"), "jobs is out of range"),
        (("--cpu-limit", "-1"), "seconds is out of range"),
    ],
)
def test_refusals(command: Command, more: tuple[str, ...], words: str) -> None:
    ended = command("coverage", "--zoo", "torchvision", *more, "-o", "out", "-q")
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not Path("out").exists()


def test_another_seed_is_another_run(command: Command) -> None:
    open_lines(Path("out/coverage.jsonl"), "coverage", {"seed": 5}).close()
    ended = command(*ONE, "-o", "out", "-q")
    assert ended.code == 2
    assert "coverage of another configuration" in ended.err
