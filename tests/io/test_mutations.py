"""Damaged and hostile model files: each is refused with a clean error, or loads where the damage did not matter; none
runs code, takes long, or takes much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from .mutations import bombs, hostile_pickles, mutants, originals

SECONDS = 10.0
MEMORY = 2 * 2**30
ROOT = Path(__file__).parents[2]


def open_all(paths: Sequence[Path], folder: Path) -> dict[str, dict[str, Any]]:
    """What became of each file, by name; the whole files come first, so that late imports count for nobody."""
    whole = list(originals(folder).values())
    names = "\n".join(map(str, [*whole, *paths]))
    command = [sys.executable, "-m", "tests.io.open_many"]
    done = subprocess.run(command, input=names, capture_output=True, text=True, cwd=ROOT, timeout=3000, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, f"ended with {done.returncode} at {lines[-1:]}: {done.stderr[-2000:]}"
    results = {Path(line["file"]).name: line for line in lines if "file" in line}
    assert {results[path.name]["outcome"] for path in whole} == {"loaded"}
    return {path.name: results[path.name] for path in paths}


def check(results: dict[str, dict[str, Any]]) -> None:
    strange = {name: line["outcome"] for name, line in results.items() if line["outcome"] not in ("loaded", "refused")}
    assert not strange, "\n".join(f"{name}: {outcome}" for name, outcome in strange.items())
    slow = {name: line["seconds"] for name, line in results.items() if line["seconds"] > SECONDS}
    assert not slow, slow
    large = next(((name, line["peak"]) for name, line in results.items() if line["peak"] > MEMORY), None)
    assert large is None, large


def test_a_sample_of_damaged_files(tmp_path: Path) -> None:
    results = open_all(list(mutants(tmp_path, 42, seed=1)), tmp_path)
    check(results)
    assert sum(line["outcome"] == "refused" for line in results.values()) > 10  # the damage is real


@pytest.mark.slow
def test_five_hundred_damaged_files(tmp_path: Path) -> None:
    results = open_all(list(mutants(tmp_path, 500)), tmp_path)
    check(results)
    assert sum(line["outcome"] == "refused" for line in results.values()) > 200


def test_zip_bombs(tmp_path: Path) -> None:
    originals(tmp_path)
    results = open_all(list(bombs(tmp_path)), tmp_path)
    check(results)
    assert {line["outcome"] for line in results.values()} == {"refused"}


def test_no_pickle_runs_code(tmp_path: Path) -> None:
    sentinel = tmp_path / "sentinel"
    paths = list(hostile_pickles(tmp_path, sentinel))
    assert not sentinel.exists()
    results = open_all(paths, tmp_path)
    assert not sentinel.exists()
    check(results)
    refused = [name for name, line in results.items() if line["outcome"] == "refused"]
    assert len(refused) == len(paths)


def test_control_the_payloads_are_live(tmp_path: Path) -> None:
    """Unpickled without care, every value creates the file: if not, the test above proves nothing."""
    sentinel = tmp_path / "sentinel"
    for path in hostile_pickles(tmp_path, sentinel):
        if path.name.startswith(("raw", "with")):
            continue  # what is beside the checkpoint is never unpickled by torch
        torch.load(path, weights_only=False)
        assert sentinel.exists(), path
        sentinel.unlink()
