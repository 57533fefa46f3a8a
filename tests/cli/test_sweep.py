"""`snnconv sweep`: its files, grids, going on where it stopped, and models that it converts first."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from .conftest import Command, only_json


def test_sweep(command: Command, files: Path) -> None:
    ended = command("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1,2,8", "-o", "a/b")
    assert (ended.code, ended.err) == (0, "")
    table = [line.split() for line in ended.out.splitlines()]
    assert [row[0] for row in table] == ["T", "1", "2", "8", "ANN", "ANN", "ANN", "plot:"]
    assert [row[1] for row in table[4:]] == ["FP32", "W8A8", "W4A4", "a/b/sweep.png"]
    assert sorted(os.listdir("a/b")) == ["sweep.csv", "sweep.json", "sweep.jsonl", "sweep.png", "sweep.svg"]
    with open("a/b/sweep.csv") as file:
        assert [row["T"] for row in csv.DictReader(file)] == ["1", "2", "8"]


def test_sweep_beside_the_ann_alone(command: Command, files: Path) -> None:
    arguments = ("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1", "--limit", "5")
    ended = command(*arguments, "--baselines", "none")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["T", "1", "ANN", "plot:"]


def test_sweep_json_is_the_file(command: Command, files: Path) -> None:
    arguments = ("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1..3", "--limit", "7", "--json")
    document = only_json(command(*arguments))
    assert document.pop("files") == [f"snnconv-out/sweep/sweep.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert document == json.loads(Path("snnconv-out/sweep/sweep.json").read_text())
    assert document["samples"] == 7
    assert document["data"] == f"npz:{files}/data.npz"


def test_sweep_keeps_an_earlier_one(command: Command, files: Path) -> None:
    arguments = ("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1", "-o", "out")
    assert command(*arguments).code == 0
    before = Path("out/sweep.csv").read_text()
    ended = command(*arguments[:-3], "2", "-o", "out")
    assert ended.code == 2
    assert "holds a sweep of another configuration" in ended.err
    assert "got: T: [1] → [2]\n" in ended.err
    assert Path("out/sweep.csv").read_text() == before
    assert command(*arguments[:-3], "2", "-o", "out", "--overwrite").code == 0
    assert Path("out/sweep.csv").read_text() != before


def test_sweep_goes_on_where_it_stopped(command: Command, files: Path) -> None:
    """A journal cut in the middle of a line; --resume says what happens anyway."""
    data = ("--data", f"npz:{files}/data.npz", "--T", "1,2", "--batch-size", "6", "-o", "out")
    arguments = ("sweep", files / "net.pt", *data, "--calib", f"npz:{files}/data.npz", "--method", "if,auto", "--json")
    whole = only_json(command(*arguments))
    journal = Path("out/sweep.jsonl")
    journal.write_bytes(journal.read_bytes()[:-2000])
    for more in ((), ("--resume",)):
        again = only_json(command(*arguments, *more))
        assert {**again, "provenance": None} == {**whole, "provenance": None}


def test_sweep_of_a_grid(command: Command, files: Path) -> None:
    data = f"npz:{files}/data.npz"
    options = ("--calib", data, "--data", data, "--T", "1..12", "--method", "if,sdm:retract=zero", "--alpha", "0.2,0.5")
    ended = command("sweep", files / "net.pt", *options, "-o", "out", "-q")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    settings = ["if", "sdm α=0.2 β=2 retract=zero", "sdm α=0.5 β=2 retract=zero"]
    assert [line for line in lines if line in settings] == settings
    assert [line.split()[0] for line in lines if line[:1] == " "][:6] == ["T", "1", "2", "4", "8", "12"]
    with open("out/sweep.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["setting"], row["T"]) for row in rows] == [(s, str(t)) for s in settings for t in range(1, 13)]
    assert all(float(row["synops"]) > 0 and float(row["energy"]) > 0 for row in rows if float(row["spikes"]))


@pytest.mark.parametrize(("batch_size", "limit", "samples"), [("100", "20", 20), ("3", "1000", 20), ("20", "1", 1)])
def test_batches_and_limits_of_any_size(
    batch_size: str, limit: str, samples: int, command: Command, files: Path
) -> None:
    """A data set smaller than a batch, and a limit larger than the data set."""
    arguments = ("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1", "--json")
    assert only_json(command(*arguments, "--batch-size", batch_size, "--limit", limit))["samples"] == samples


def test_random_weights_follow_from_the_seed(command: Command) -> None:
    arguments = ("sweep", "snnconv:fashion_cnn", "--data", "fashion", "--limit", "20", "--T", "1", "--json")
    first, second, other = (
        only_json(command(*arguments, "-o", folder, "--seed", seed))
        for folder, seed in (("a", "1"), ("b", "1"), ("c", "2"))
    )
    assert first["configuration"] == second["configuration"] != other["configuration"]


def test_sweep_of_a_model_converts_it_first(command: Command, files: Path) -> None:
    data = f"npz:{files}/data.npz"
    options = ("--T", "1,4", "--method", "if", "--threshold", "max", "--calib", data)
    direct = only_json(command("sweep", files / "net.pt", "--data", data, *options, "-o", "direct", "--json"))
    command("convert", files / "net.pt", *options[2:], "--T", "4", "-o", "if.pt2")
    by_file = only_json(command("sweep", "if.pt2", "--data", data, "--T", "1,4", "-o", "file", "--json"))
    for key in ("rows", "ann_accuracy", "curves"):
        assert direct[key] == by_file[key]
