"""Runs that are killed at any moment, and then given again, end with what an undisturbed run gives, and leave nothing.

SNNCONV_KILLS=20 python -m pytest -m slow tests/cli/test_kills.py
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from snnconv.files.leftovers import PREFIX
from snnconv.fingerprint import digest
from snnconv.io import open_model

from .forked import Forks

ABORTED, THREADS = -signal.SIGABRT, "Invalid thread pool"  # of these forks alone: torch had made its threads before
KILLS = int(os.environ.get("SNNCONV_KILLS", "12"))  # of each command
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
ENDED = {"SIGKILL": 137, "SIGTERM": 143, "SIGINT": 130}
VARYING = {"made", "provenance", "command", "seconds", "peak_memory", "memory", "time"}
NET = ("--input-shape", "1,8,8")
SHORT = ("--batch-size", "5")
OUT = ("-o", "out")


def source(files: Path, option: str = "--data") -> tuple[str, ...]:
    return option, f"npz:{files}/data.npz"


def clips(files: Path) -> str:
    path = files / "clips.npz"
    if not path.exists():
        x = np.random.default_rng(0).random((12, 4, 8, 8), dtype=np.float32)
        np.savez(path, x=x, y=np.arange(12) % 3)
    return f"npz:{path}?layout=NTHW"


Line = Callable[[Path], tuple[object, ...]]
# command → its arguments, and what has to be the same in the end
RUNS: dict[str, tuple[Line, tuple[str, ...]]] = {
    "sweep": (
        lambda at: ("sweep", at / "net.pt", *NET, *source(at), "--T", "1..8", "--method", "sdm,if", *SHORT, *OUT),
        ("out/sweep.json", "out/sweep.csv"),
    ),
    "compare": (
        lambda at: ("compare", at / "net.pt", *NET, *source(at), "--methods", "sdm,mt", "--T", "1,2", *SHORT, *OUT),
        ("out/sweep.json", "out/compare.csv", "out/compare.md"),
    ),
    "tune": (
        lambda at: ("tune", at / "net.pt", *NET, "--data", f"npz:{at}/many.npz", "--budget-spikes", "0.7", "--T", "1,2",
                    "--calib-limit", "20", "--choose-limit", "70", *OUT),
        ("out/tune.json", "out/tuned.snn.pt2"),
    ),
    "finetune": (
        lambda at: ("finetune", at / "net.pt", *NET, *source(at), *source(at, "--val"), "--epochs", "4", *SHORT,
                    "--save-every", "2", "--folder", "out", "-o", "c.pt2"),
        ("c.pt2", "out/finetune.csv"),
    ),
    "train": (
        lambda at: ("train", "snnconv:small_cnn3d", "--data", clips(at), "--val", clips(at), "--num-classes", "3",
                    "--epochs", "4", "--batch-size", "4", "--save-every", "2", "--folder", "out", "-o", "t.pt"),
        ("t.pt", "out/train.csv"),
    ),
    "convert": (
        lambda at: ("convert", at / "net.pt", *NET, *source(at, "--calib"), "--batch-size", "2",
                    "--calib-checkpoint", "seen", "-o", "o.snn.pt2"),
        ("o.snn.pt2",),
    ),
    "energy": (lambda at: ("energy", at / "snn.pt2", *source(at), *SHORT, "-o", "out"), ("out/energy.json",)),
    "report": (
        lambda at: ("report", at / "snn.pt2", *source(at), "--T", "1,2", "-o", "out/r.html"), ("out/sweep.json",),
    ),
    "coverage": (
        lambda at: ("coverage", "--zoo", "torchvision", "--models", "squeezenet1_1$|shufflenet_v2_x0_5$", *OUT),
        ("out/coverage.json", "out/coverage.csv"),
    ),
}  # fmt: skip


def contents_of(path: Path) -> str:
    """The same for two files that differ in nothing but when and how fast they were made."""
    if path.suffix in (".pt2", ".pt"):
        model = open_model(str(path)).model
        return digest(dict(model.state_dict()) if isinstance(model, nn.Module) else dict(model.state_dict))
    if path.suffix == ".json":
        return json.dumps(lasting(json.loads(path.read_text(encoding="utf-8"))), sort_keys=True)
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return json.dumps([lasting(row) for row in csv.DictReader(file)])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: lasting(each) for key, each in value.items() if key not in VARYING}
    return [lasting(each) for each in value] if isinstance(value, list) else value


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "log")


def as_a_shell_says(code: int | None) -> int | None:
    """128 plus the signal, also where it came before the command could take it."""
    return code if code is None or code >= 0 else 128 - code


def disturbed(forks: Forks, name: str, files: Path, root: Path, kills: int, seed: int) -> None:
    """Once undisturbed, then so many times killed once or more, and given again until it ends."""
    line, compared = RUNS[name]
    drawn, whole = random.Random(f"{seed} {name}"), root / "whole"
    whole.mkdir()
    told = forks(line(files), whole / "log", folder=whole)
    assert told.code == 0, (whole / "log").read_text()
    expected = {file: contents_of(whole / file) for file in compared}
    done = 0
    while done < kills:
        folder = root / f"{name} {done}"
        folder.mkdir()
        for _ in range(min(drawn.choice((1, 1, 2, 3)), kills - done)):
            sent = drawn.choice(SIGNALS), drawn.uniform(0.02, told.seconds)
            before = set(names_in(folder))  # what SIGKILL left there is taken away once the next run begins to write
            ended = forks(line(files), folder / "log", folder=folder, sent=sent)
            log = (folder / "log").read_text()
            if ended.code == ABORTED and THREADS in log:
                (folder / "log").unlink()
                continue
            done += 1
            assert "Traceback" not in log, (sent, log)
            if ended.code in (0, 2):  # it was done, or had been before: results are not replaced
                break
            assert as_a_shell_says(ended.code) == ENDED[sent[0]], (sent, ended, log)
            left = [name for name in set(names_in(folder)) - before if PREFIX in name]
            assert sent[0] == "SIGKILL" or not left, (sent, log, left)
            assert sent[0] == "SIGKILL" or not ended.left, sent
        last = forks(line(files), folder / "log", folder=folder)
        log = (folder / "log").read_text()
        assert last.code == 0 or (last.code == 2 and "already" in log) or "output exists" in log, log
        assert {file: contents_of(folder / file) for file in compared} == expected, log
        assert names_in(folder) == names_in(whole), log


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_kills(name: str, forks: Forks, files: Path, tmp_path: Path) -> None:
    disturbed(forks, name, files, tmp_path, KILLS, seed=0)


def test_a_few_kills(forks: Forks, files: Path, tmp_path: Path) -> None:
    disturbed(forks, "energy", files, tmp_path, 2, seed=1)
