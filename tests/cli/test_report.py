"""`snnconv report`: of a folder, of a model, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from snnconv.bench import Sweep

from .conftest import Command, Outcome

RESULTS = ("sweep", "energy", "latency", "diagnose", "attention")
GRID = ("--method", "if,sdm,auto", "--T", "1,2")


def measured(command: Command, files: Path, *options: object, page: str = "out/page.html") -> Outcome:
    data = f"npz:{files}/data.npz"
    return command("report", files / "net.pt", "--data", data, "--calib", data, *GRID, "-o", page, *options)


def settings(folder: str) -> list[str]:
    return [curve.setting for curve in Sweep.load(folder).curves]


def test_one_command_measures_and_shows_everything(command: Command, files: Path) -> None:
    ended = measured(command, files, "--figures", "figures")
    assert ended.code == 0, ended
    assert ended.out == "report: out/page.html\n"
    assert settings("out") == ["if", "sdm α=0.5 β=2", "auto"]
    assert sorted(os.listdir()) == ["figures", "out"]
    text = Path("out/page.html").read_text()
    for name in RESULTS:
        assert Path(f"out/{name}.json").exists()
        assert f'<section id="{name}">' in text
    for name in ("energy", "latency", "diagnose", "attention"):  # of the last setting, not of the best
        assert json.loads(Path(f"out/{name}.json").read_text())["settings"]["method"] == "auto"
    assert json.loads(Path("out/energy.json").read_text())["T"] == 2  # 4 or the longest
    assert {"sweep.svg", "sweep.png", "transfer.svg", "pareto-energy.png"} <= set(os.listdir("figures"))
    recorded = (
        f"snnconv report {files}/net.pt --data npz:{files}/data.npz --calib npz:{files}/data.npz {' '.join(GRID)}"
    )
    assert f"<code>{recorded}</code>" in text


@pytest.mark.usefixtures("unpainted")
def test_it_continues(command: Command, files: Path) -> None:
    """A run that was stopped after the sweep: the same command again finishes, without measuring anything twice."""
    assert measured(command, files).code == 0
    journal, sweep = Path("out/sweep.jsonl").read_bytes(), Sweep.load("out").rows
    Path("out/latency.json").unlink()
    kept = {name: Path(f"out/{name}.json").read_bytes() for name in ("energy", "diagnose", "attention")}
    ended = measured(command, files)
    assert ended.code == 0
    assert {name: Path(f"out/{name}.json").read_bytes() for name in kept} == kept
    told = [line for line in ended.err.splitlines() if "finished result" in line]
    assert told == [f"note: {name}: the finished result of the same configuration in out is used" for name in kept]
    assert Path("out/sweep.jsonl").read_bytes() == journal
    assert Sweep.load("out").rows == sweep
    assert '<section id="latency">' in Path("out/page.html").read_text()


@pytest.mark.usefixtures("unpainted")
def test_another_configuration_is_refused(command: Command, files: Path) -> None:
    assert measured(command, files).code == 0
    before = Path("out/page.html").read_bytes()
    ended = measured(command, files, "--limit", "10")
    assert ended.code == 2
    assert "another configuration" in ended.err
    assert Path("out/page.html").read_bytes() == before
    assert measured(command, files, "--limit", "10", "--overwrite").code == 0
    assert Sweep.load("out").samples == 10


@pytest.mark.usefixtures("unpainted")
def test_a_converted_network(command: Command, files: Path) -> None:
    """Nothing to cross: the one curve. A page in the current folder leaves the results in a folder of their own."""
    ended = command("report", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1,4", "--json")
    assert ended.code == 0, ended
    assert json.loads(ended.out) == {"output": "report.html"}
    assert sorted(os.listdir()) == ["report.html", "snnconv-out"]
    assert settings("snnconv-out/report") == ["auto"]


@pytest.mark.usefixtures("unpainted")
def test_a_folder(command: Command, files: Path) -> None:
    command("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1,2", "-o", "out")
    before = sorted(os.listdir("out"))
    assert command("report", "out", "-o", "page.html", "--title", "Ours").out == "report: page.html\n"
    text = Path("page.html").read_text()
    assert "<h1>Ours</h1>" in text
    assert '<section id="sweep">' in text
    assert '<section id="energy">' not in text
    assert f"snnconv sweep {files}/snn.pt2 --data npz:{files}/data.npz --T 1,2</code>" in text
    assert sorted(os.listdir("out")) == before


@pytest.mark.usefixtures("unpainted")
def test_a_page_is_not_replaced_unasked(command: Command, files: Path) -> None:
    command("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "1", "-o", "out")
    for folder in (".", "deep"):
        Path(folder).mkdir(exist_ok=True)
        page = Path(folder) / "page.html"
        page.write_text("mine")
        of_folder, of_model = command("report", "out", "-o", page), measured(command, files, page=str(page))
        for ended in (of_folder, of_model):
            assert ended.code == 2
            assert "the output exists" in ended.err
        assert page.read_text() == "mine"
    assert command("report", "out", "-o", "page.html", "--overwrite").code == 0
    assert Path("page.html").read_text() != "mine"


@pytest.mark.usefixtures("unpainted")
def test_without_the_cam_library(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report lacks the heat-maps and says what to install."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "captum" else found(name))
    ended = measured(command, files)
    assert ended.code == 0, ended
    assert "pip install 'snnconv[report]'" in ended.err
    assert not Path("out/attention.json").exists()
    assert '<section id="attention">' not in Path("out/page.html").read_text()


@pytest.mark.slow
def test_two_processes_share_the_sweep_and_one_writes_the_page(tmp_path: Path, files: Path) -> None:
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "snnconv", "report")
    model = (str(files / "snn.pt2"), "--data", f"npz:{files}/data.npz", "--limit", "12")
    options = ("--batch-size", "6", "--T", "1", "-o", str(tmp_path / "out/page.html"), "-q")
    command = [sys.executable, *launcher, *model, *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert ended.stdout == f"report: {tmp_path}/out/page.html\n"
    assert {"sweep.jsonl", "sweep.1.jsonl", "page.html"} <= set(os.listdir(tmp_path / "out"))
    assert Sweep.load(tmp_path / "out").samples == 12


# command line → what the message must say
ERRORS: dict[str, tuple[str, ...]] = {
    "empty": ("no results in the folder", "sweep.json", "empty"),
    "nowhere": ("not a folder of results", "--data"),
    "empty --data npz:{files}/data.npz": ("folder of results", "--data"),
    "empty --T 1,2": ("folder of results", "--T"),
    "empty -o nowhere/page.html": ("no results in the folder",),
    "{files}/net.pt": ("needs test data", "--data DATA"),
    "{files}/missing.pt --data npz:{files}/data.npz": ("no such file",),
    "{files}/net.pt --data npz:{files}/data.npz -o empty": ("output is a folder",),
    "{files}/net.pt --data npz:{files}/data.npz --T 0": ("at least 1",),
    "{files}/net.pt --data npz:{files}/data.npz --T 2,2": ("comes twice",),
    "{files}/net.pt --data npz:{files}/data.npz --at 0 --T 1": ("at least 1",),
    "{files}/net.pt --data npz:{files}/data.npz --within -1 --T 1": ("within is out of range",),
    "{files}/net.pt --data npz:{files}/data.npz --method sdmm": ("did you mean 'sdm'",),
    "{files}/net.pt --data npz:{files}/data.npz --energy-model 44nm": ("did you mean '45nm'",),
    "{files}/snn.pt2 --data npz:{files}/labels.npz --T 1": ("label is out of range",),
}


@pytest.mark.parametrize("line", ERRORS)
def test_error(line: str, command: Command, files: Path) -> None:
    Path("empty").mkdir()
    ended = command("report", *line.format(files=files).split())
    assert (ended.code, ended.out) == (2, ""), ended
    for part in ERRORS[line]:
        assert part in ended.err
    assert "Traceback" not in ended.err
    assert os.listdir() == ["empty"]
    assert os.listdir("empty") == []


def test_bad_use_fails_before_the_work(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sweep(*_: object, **__: object) -> None:
        pytest.fail("swept first")

    monkeypatch.setattr(sys.modules["snnconv.reports._measure"], "sweep", sweep)
    Path("page.html").mkdir()
    for late in (("--at", "0"), ("--within", "-1"), ("--T", "0"), ("-o", "page.html"), ("--energy-model", "44nm")):
        data = f"npz:{files}/data.npz"
        assert command("report", files / "net.pt", "--data", data, "--calib", data, *late).code == 2
