"""`snnconv latency` on the small network, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv.bench import Latency

from .conftest import SHAPE, Command, images

FILES = [f"latency.{kind}" for kind in ("csv", "json", "png", "svg")]


def test_latency(command: Command, files: Path) -> None:
    data = f"npz:{files}/data.npz"
    ended = command("latency", files / "snn.pt2", "--data", data, "--within", "100", "--T", "6", "-o", "out")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(os.listdir("out")) == FILES
    found = Latency.load("out")
    assert (len(found.rows), found.needed, found.within) == (6, 1, 100.0)
    words = [line.split() for line in ended.out.splitlines()]
    assert [line[0] for line in words if line and line[0].isdigit()] == ["1", "2", "4", "6"]  # powers of two and T
    assert [line[0] for line in words if line and line[0].startswith("0.")] == [
        f"{e.confidence:g}" for e in found.exits
    ]
    assert found.verdict in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == "plot: out/latency.png"


def test_not_near_enough_is_said_and_is_no_failure(command: Command) -> None:
    """θ = 1: an input of 0.3 above the 0.1 of the other class gives its first spike at the second step."""
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    for parameter, values in zip(network.parameters(), ([1.0], [0.0], [0.0, 1.0], [0.1, 0.0])):
        parameter.data = torch.tensor(values).view_as(parameter)
    torch.save(network, "net.pt")
    x = np.stack([np.full(SHAPE, 0.3, np.float32), np.ones(SHAPE, np.float32)])
    np.savez("data.npz", x=x, y=np.array([1, 1]))
    arguments = ("latency", "net.pt", "--calib", "npz:data.npz", "--method", "if", "--threshold", "max", "--data",
                 "npz:data.npz", "--within", "0")  # fmt: skip
    ended = command(*arguments, "--T", "1", "-o", "one")
    assert ended.code == 0
    assert "not within 0 points of the ANN (100.00 %) in 1 step; closest: 50.00 % at 1 step" in ended.out
    ended = command(*arguments, "--T", "2", "-o", "two")
    assert "within 0 points of the ANN (100.00 %) from 2 steps on: 100.00 %" in ended.out


def test_json_is_the_file(command: Command, files: Path) -> None:
    ended = command(
        "latency", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "2", "--limit", "7", "--json"
    )
    assert ended.code == 0
    document = json.loads(ended.out)
    assert sorted(document.pop("files")) == [f"snnconv-out/latency/{name}" for name in FILES]
    assert document == json.loads(Path("snnconv-out/latency/latency.json").read_text())
    assert (document["samples"], document["within"]) == (7, 0.5)


def test_an_earlier_one_is_kept(command: Command, files: Path) -> None:
    arguments = ("latency", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "-o", "out")
    assert command(*arguments, "--T", "1").code == 0
    before = Path("out/latency.csv").read_text()
    ended = command(*arguments, "--T", "2")
    assert ended.code == 2
    assert "holds a latency.json already" in ended.err
    assert Path("out/latency.csv").read_text() == before
    assert command(*arguments, "--T", "2", "--overwrite").code == 0
    assert Path("out/latency.csv").read_text() != before


ERRORS = {
    "missing.pt2 --data npz:{files}/data.npz": ("no such file",),
    "{files}/snn.pt2 --data npz:{files}/unlabelled.npz": ("has no labels", "integer y"),
    "{files}/snn.pt2 --data npz:{files}/labels.npz": ("label", "0 to 9", "5 to 14"),
    "{files}/snn.pt2 --data npz:{files}/data.npz --within -1": ("within is out of range", "-1"),
    "{files}/snn.pt2 --data npz:{files}/data.npz --within nan": ("within is out of range",),
    "{files}/snn.pt2 --data npz:{files}/data.npz --within near": ("--within", "near"),
    "{files}/snn.pt2 --data npz:{files}/data.npz --T 0": ("too few time steps", "T = 0"),
    "{files}/snn.pt2 --data npz:{files}/data.npz --beta 2": ("converted already", "--beta"),
    "{files}/snn.pt2 --data npz:{files}/data.npz -o {files}/net.pt": ("output folder is a file",),
    "{files}/snn.pt2": ("Missing option '--data'",),
}


@pytest.mark.parametrize("line", ERRORS)
def test_error(line: str, command: Command, files: Path) -> None:
    if "unlabelled" in line:
        np.savez(files / "unlabelled.npz", x=images()[0])
    ended = command("latency", *line.format(files=files).split())
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert all(part in ended.err for part in ERRORS[line])
    assert os.listdir() == []


def test_bad_use_fails_before_the_work(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snnconv.opening.conversion, "convert", lambda *_, **__: pytest.fail("converted first"))
    for late in (("--T", "0"), ("--within", "-1"), ("-o", files / "net.pt"), ("--limit", "0")):
        assert command("latency", files / "net.pt", "--data", f"npz:{files}/data.npz", *late).code == 2
