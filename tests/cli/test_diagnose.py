"""`snnconv diagnose` on the small network, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import snnconv
from snnconv.bench import Diagnosis

from .conftest import Command

FILES = [f"diagnose.{kind}" for kind in ("csv", "json", "png", "svg")]


def test_diagnose(command: Command, files: Path) -> None:
    ended = command("diagnose", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "-o", "out")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(os.listdir("out")) == FILES
    found = Diagnosis.load("out")
    assert (found.T, found.samples) == (snnconv.load(files / "snn.pt2").T, 20)
    head, *lines = ended.out.splitlines()
    assert all(word in head for word in ("site", "silent", "inherited", "clipping", "quantisation", "unevenness"))
    assert [line.split()[0] for line in lines[: len(found.sites)]] == [site.site for site in found.worst_first()]
    assert found.verdict in lines
    assert lines[-1] == "plot: out/diagnose.png"


def test_json_is_the_file(command: Command, files: Path) -> None:
    ended = command(
        "diagnose", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "3", "--limit", "7", "--json"
    )
    assert ended.code == 0
    document = json.loads(ended.out)
    assert sorted(document.pop("files")) == [f"snnconv-out/diagnose/{name}" for name in FILES]
    assert document == json.loads(Path("snnconv-out/diagnose/diagnose.json").read_text())
    assert (document["T"], document["samples"]) == (3, 7)


def test_a_model_is_converted_first(command: Command, files: Path) -> None:
    data = f"npz:{files}/data.npz"
    ended = command("diagnose", files / "net.pt", "--data", data, "--calib", data, "--method", "if", "--keep", "^1$")
    assert ended.code == 0, ended
    found = Diagnosis.load("snnconv-out/diagnose")
    assert (found.settings["method"], found.T, found.analog) == ("if", 4, ["1"])
    assert "analog, without an error of their own: 1" in ended.out


def test_an_earlier_one_is_kept(command: Command, files: Path) -> None:
    arguments = ("diagnose", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "-o", "out")
    assert command(*arguments, "--T", "1").code == 0
    before = Path("out/diagnose.csv").read_text()
    ended = command(*arguments, "--T", "2")
    assert ended.code == 2
    assert "holds a diagnose.json already" in ended.err
    assert "--overwrite" in ended.err
    assert Path("out/diagnose.csv").read_text() == before
    assert command(*arguments, "--T", "2", "--overwrite").code == 0
    assert Path("out/diagnose.csv").read_text() != before


ERRORS = {
    "missing.pt2 --data npz:{files}/data.npz": ("no such file",),
    "{files}/snn.pt2 --data npz:missing.npz": ("no such data file",),
    "{files}/snn.pt2 --data npz:{files}/nan.npz": ("NaN", "image 3"),
    "{files}/snn.pt2 --data npz:{files}/colour.npz": ("another shape",),
    "{files}/snn.pt2 --data npz:{files}/data.npz --T 0": ("too few time steps", "T = 0"),
    "{files}/snn.pt2 --data npz:{files}/data.npz --T many": ("--T", "many"),
    "{files}/snn.pt2 --data npz:{files}/data.npz --alpha 0.5": ("converted already", "--alpha"),
    "{files}/snn.pt2 --data npz:{files}/data.npz -o {files}/net.pt": ("output folder is a file",),
    "{files}/snn.pt2": ("Missing option '--data'",),
}


@pytest.mark.parametrize("line", ERRORS)
def test_error(line: str, command: Command, files: Path) -> None:
    ended = command("diagnose", *line.format(files=files).split())
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert all(part in ended.err for part in ERRORS[line])
    assert os.listdir() == []


def test_bad_use_fails_before_the_work(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snnconv.opening.conversion, "convert", lambda *_, **__: pytest.fail("converted first"))
    for late in (("--T", "0"), ("-o", files / "net.pt"), ("--limit", "0")):
        assert command("diagnose", files / "net.pt", "--data", f"npz:{files}/data.npz", *late).code == 2
