"""One command in two processes that talk through one store: the same results, one voice, and nobody left waiting."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from snnconv.data import open_data
from snnconv.measure.distributed import together

NETWORK = ("snnconv:fashion_cnn", "--arch-arg", "pretrained=true", "--calib", "fashion:train", "--calib-limit", "32")
SWEEP = ("sweep", *NETWORK, "--data", "fashion", "--limit", "42", "--batch-size", "8", "--T", "1..3")
ARGUMENTS = (*SWEEP, "--method", "if,auto")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node")


@dataclass(frozen=True)
class Ended:
    codes: list[int]
    out: list[str]
    err: list[str]


def started(arguments: Sequence[str], processes: int = 2) -> Ended:
    """The command in several processes, started by hand as a launcher would: every exit code can be seen."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "snnconv", *arguments],
            env={**os.environ, **meeting, "RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(processes)
    ]  # fmt: skip
    printed = [process.communicate(timeout=200) for process in running]
    return Ended([process.returncode for process in running], *map(list, zip(*printed)))


def timeless(folder: Path) -> str:
    return re.sub(r'"made": "[^"]*"', "", (folder / "sweep.json").read_text())


def batches_in(path: Path) -> int:
    return path.read_text().count('{"counted"')


@pytest.fixture(scope="module", autouse=True)
def one_thread_each() -> object:
    """As torchrun sets it: results are compared to the last digit, and the record holds the threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    command = [sys.executable, "-m", "snnconv", *ARGUMENTS, "-o", str(folder), "-q"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_torchrun_gives_what_one_process_gives_and_resumes(alone: Path, tmp_path: Path) -> None:
    """Two settings of six batches each: a process takes one. Continued by another number of processes."""
    command = [sys.executable, *TORCHRUN, "2", "-m", "snnconv", *ARGUMENTS, "-o", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1  # one voice
    assert timeless(tmp_path) == timeless(alone)
    shares = [batches_in(tmp_path / name) for name in ("sweep.jsonl", "sweep.1.jsonl")]
    assert sum(shares) == 12
    assert min(shares) > 0
    for name in ("sweep.csv", "sweep.svg"):
        assert (tmp_path / name).read_bytes() == (alone / name).read_bytes()

    # What the second process did is lost from its last line on: one process does it again.
    second = tmp_path / "sweep.1.jsonl"
    second.write_text("".join(second.read_text().splitlines(keepends=True)[:-1]))
    kept = batches_in(second)
    assert kept == shares[1] - 1
    (tmp_path / "sweep.json").unlink()
    single = [sys.executable, "-m", "snnconv", *ARGUMENTS, "-o", str(tmp_path), "-q"]
    subprocess.run(single, check=True, capture_output=True)
    assert timeless(tmp_path) == timeless(alone)
    assert batches_in(tmp_path / "sweep.jsonl") == 12 - kept


@pytest.mark.slow
def test_a_process_with_nothing_to_do(tmp_path: Path) -> None:
    arguments = [*SWEEP, "--batch-size", "50", "--method", "if", "--T", "1", "-o", str(tmp_path / "out")]
    ended = started(arguments)
    assert (ended.codes, ended.out[1], ended.err[1]) == ([0, 0], "", "")
    assert "plot:" in ended.out[0]
    assert sum(batches_in(path) for path in (tmp_path / "out").glob("*.jsonl")) == 1


def test_bad_input_is_one_message_from_all(tmp_path: Path) -> None:
    ended = started([*SWEEP, "--method", "sdmm", "-o", str(tmp_path / "out")])
    assert (ended.codes, ended.out, ended.err[1]) == ([2, 2], ["", ""], "")
    assert ended.err[0].startswith("error: unknown method 'sdmm'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("batch", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_what_one_process_meets_ends_all(batch: int, tmp_path: Path) -> None:
    """A label out of range in one batch, which one process alone reads; both say 2, the first says why."""
    images = [x for x, _ in open_data("fashion", batch_size=1, limit=48)]
    labels = np.zeros(48, dtype=np.int64)
    labels[8 * batch] = 77
    np.savez(tmp_path / "data.npz", x=np.concatenate([x.numpy() for x in images]), y=labels)
    data = ("--data", f"npz:{tmp_path}/data.npz", "--limit", "48")
    ended = started([*SWEEP, *data, "--method", "if", "-o", str(tmp_path / "out"), "-q"])
    assert (ended.codes, ended.out, ended.err[1]) == ([2, 2], ["", ""], "")
    assert ended.err[0].startswith("error: a label is out of range")
    assert f"test batch {batch}" in ended.err[0]


@pytest.mark.slow
def test_processes_that_do_not_measure_the_same(tmp_path: Path) -> None:
    """Random weights of a factory that heeds no seed."""
    (tmp_path / "factory.py").write_text(
        "import torch\n"
        "def network():\n"
        "    torch.seed()\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10), torch.nn.ReLU())\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        data = ("--data", "fashion", "--limit", "8", "--calib", "fashion:train")
        ended = started(["sweep", "factory:network", *data, "-o", str(tmp_path / "out"), "-q"])
    assert (ended.codes, ended.err[1]) == ([2, 2], "")
    assert "the processes do not measure the same" in ended.err[0]
    assert "model.sha256" in ended.err[0]


def test_a_world_without_a_meeting_point(tmp_path: Path) -> None:
    missing = {name: value for name, value in os.environ.items() if name not in ("RANK", "MASTER_ADDR", "MASTER_PORT")}
    done = subprocess.run(
        [sys.executable, "-m", "snnconv", *ARGUMENTS, "-o", str(tmp_path / "out")],
        env={**missing, "WORLD_SIZE": "2"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: WORLD_SIZE announces several processes")


def test_one_process_is_a_group_of_its_own() -> None:
    with together() as group, together() as inner:
        assert inner is group
        assert (group.first, group.size, group.gather("value")) == (True, 1, ["value"])
        group.check()
