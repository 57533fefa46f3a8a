"""The installed command as a process of its own: exit codes, streams, and Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import snnconv.opening.conversion

from .conftest import Command

SNNCONV = shutil.which("snnconv", path=str(Path(sys.executable).parent)) or "snnconv"


def test_convert_and_sweep(files: Path) -> None:
    """Streams are apart; besides the note nothing is said, so no package warns either."""
    arguments = ["sweep", str(files / "net.pt"), "--data", f"npz:{files}/data.npz", "--input-shape", "1,8,8"]
    done = subprocess.run(
        [SNNCONV, *arguments, "--T", "1,2", "-o", "out", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert [row["T"] for row in json.loads(done.stdout)["rows"]] == [1, 2]
    assert [line[:6] for line in done.stderr.splitlines()] == ["note: "]


def test_error(files: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snnconv", "convert", files / "hostile.pt"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: loading this file could run code")
    assert os.listdir() == []


def test_interrupt_while_sweeping(files: Path) -> None:
    arguments = ["sweep", str(files / "net.pt"), "--data", f"npz:{files}/data.npz", "--input-shape", "1,8,8"]
    running = subprocess.Popen(
        [SNNCONV, *arguments, "--T", "1,30000", "--batch-size", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs of a shell ignore it
    )  # fmt: skip
    with running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("note:")  # converted: the sweep begins
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.split()) == (130, "", ["interrupted"])
    assert os.listdir() == []  # no batch was finished: there is nothing to keep


def test_partial_results_of_an_interrupted_sweep(files: Path) -> None:
    """Ctrl-C once two batches are in the journal: results of whole batches, and the same command goes on."""
    arguments = ["sweep", str(files / "snn.pt2"), "--data", f"npz:{files}/data.npz", "-o", "out"]
    running = subprocess.Popen(
        [SNNCONV, *arguments, "--T", "1,4000", "--batch-size", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with running:
        journal = Path("out/sweep.jsonl")
        while not journal.exists() or journal.read_text().count('{"counted"') < 2:
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    partial = json.loads(Path("out/sweep.json").read_text())
    samples = journal.read_text().count('{"counted"')
    assert not partial["complete"]
    assert 2 <= partial["samples"] == samples < 20
    note = f"note: results of {samples} samples are in out; the same command again continues"
    assert [line for line in err.splitlines() if line] == [note, "interrupted"]
    assert {path.suffix for path in Path("out").iterdir()} == {".jsonl", ".json", ".csv", ".png", ".svg"}


def test_interrupt_while_converting(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snnconv.opening.conversion, "convert", convert)
    ended = command("convert", files / "net.pt")
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.strip().endswith("interrupted")
    assert os.listdir() == []


def test_interrupt_that_hits_a_callback(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in `__del__` or a weak reference's callback is lost; an interrupt must not be."""

    class Collected:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    def convert(*_: object, **__: object) -> None:
        Collected()
        for _ in range(200):
            time.sleep(0.05)
        pytest.fail("went on")

    monkeypatch.setattr(snnconv.opening.conversion, "convert", convert)
    hook = sys.unraisablehook
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
    ended = command("convert", files / "net.pt")
    signal.signal(signal.SIGINT, handler)
    assert (ended.code, ended.err.split()) == (130, ["interrupted"])
    assert sys.unraisablehook is hook
    assert os.listdir() == []
