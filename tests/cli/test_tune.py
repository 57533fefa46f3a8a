"""`snnconv tune` on the small network, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import snnconv
from snnconv.tuning import Tuned

from .conftest import Command

FILES = ["tune.csv", "tune.json", "tune.png", "tune.svg", "tuned.snn.pt2"]
QUICK = ("--T", "1,2", "--methods", "auto:cost=0.3", "--calib-limit", "32", "--choose-limit", "64")


@pytest.fixture
def data(tmp_path: Path) -> str:
    import numpy as np

    generator = np.random.default_rng(0)
    x = generator.normal(size=(96, 1, 8, 8)).astype(np.float32)
    np.savez(tmp_path / "many.npz", x=x, y=generator.integers(0, 3, 96))
    return f"npz:{tmp_path}/many.npz"


def test_tune(command: Command, files: Path, data: str) -> None:
    ended = command("tune", files / "net.pt", "--data", data, "--budget-spikes", "0.5", *QUICK, "-o", "out", "-q")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(os.listdir("out")) == FILES
    found = Tuned.load("out")
    assert found.chosen.score.spikes_per_neuron <= 0.5
    assert f"chosen: {found.chosen.name} at T={found.chosen.T}, " in ended.out
    assert "saved out/tuned.snn.pt2" in ended.out
    snn = snnconv.load("out/tuned.snn.pt2")
    assert snn.T == found.chosen.T
    assert [site.site for site in found.sites] == list(snn.sites)
    swept = command("sweep", "out/tuned.snn.pt2", "--data", data, "--T", str(snn.T), "-o", "swept", "-q", "--json")
    assert swept.code == 0
    assert json.loads(swept.out)["rows"][0]["spikes_per_neuron"] > 0


def test_json_is_the_file(command: Command, files: Path, data: str) -> None:
    arguments = ("tune", files / "net.pt", "--data", data, "--budget-energy", "1", *QUICK, "--no-refine", "--correct")
    ended = command(*arguments, "none", "--json")
    assert ended.code == 0
    document = json.loads(ended.out)
    assert sorted(Path(file).name for file in document.pop("files")) == FILES
    assert document == json.loads(Path("snnconv-out/tune/tune.json").read_text())
    assert document["budget"] == {"kind": "energy", "limit": 1.0}
    assert command(*arguments, "none").code == 2  # an earlier result is kept
    assert command(*arguments, "none", "--overwrite", "-q").code == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "takes one budget"),
        (("--budget-spikes", "1", "--budget-energy", "1"), "takes one budget"),
        (("--budget-energy", "1e-12"), "no candidate fits the budget"),
        (("--budget-spikes", "1", "--methods", "rts"), "separately for each T"),
        (("--budget-spikes", "1", "--correct", "prayer"), "unknown correction"),
        (("--budget-spikes", "1", "--T", "0"), "at least 1"),
    ],
)
def test_refusals(command: Command, files: Path, data: str, more: tuple[str, ...], words: str) -> None:
    ended = command("tune", files / "net.pt", "--data", data, *QUICK[:2], *QUICK[4:], *more, "-o", "out", "-q")
    assert ended.code == 2
    assert words in ended.err
    assert not Path("out").exists()
