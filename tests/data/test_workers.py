"""Processes that decode: the same results, and a crash as the fault of one file."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from snnconv.data.workers import DIED, BadFile, Read, Workers, usual_workers


def decode(position: int, seed: int | None) -> Read:
    """3 is broken, 5 kills its process, 7 has a bug; the process tells its number."""
    if position == 3:
        raise BadFile("broken")
    if position == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    if position == 7:
        raise ZeroDivisionError
    return Read(np.array([position, seed or 0, os.getpid()]), None)


def results(workers: Workers, positions: list[int]) -> list[Read]:
    return [workers.finish(ticket) for ticket in [workers.start(position, 9) for position in positions]]


@pytest.mark.parametrize("number", [0, 2])
def test_results_in_order(number: int) -> None:
    found = results(Workers(decode, number), [0, 1, 2, 3, 4])
    assert [None if read.values is None else read.values[:2].tolist() for read in found] == [
        [0, 9], [1, 9], [2, 9], None, [4, 9],
    ]  # fmt: skip
    assert found[3].problem == "broken"
    processes = {int(read.values[2]) for read in found if read.values is not None}
    assert (os.getpid() in processes) == (number == 0)


def test_a_crash_is_the_fault_of_one_file() -> None:
    """The others in flight are read again, and so are those that come later."""
    workers = Workers(decode, 2)
    found = results(workers, [0, 5, 1, 2])
    assert [read.problem for read in found] == [None, DIED, None, None]
    again = results(workers, [4, 5, 6])
    assert [read.problem for read in again] == [None, DIED, None]


def test_a_killed_process_does_not_lose_its_files() -> None:
    """As when memory runs out: whoever is killed, every file is read."""
    workers = Workers(decode, 2)
    first = workers.finish(workers.start(0, None))
    assert first.values is not None
    os.kill(int(first.values[2]), signal.SIGKILL)
    assert [read.problem for read in results(workers, [1, 2, 4])] == [None] * 3


def test_mistakes_of_the_program_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        results(Workers(decode, 1), [7])


def test_they_leave_with_the_main_process(tmp_path: Path) -> None:
    """Also if that is killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of newer Pythons: other threads are running
        parent = os.fork()
    if not parent:
        read = results(Workers(decode, 1), [0])[0]
        assert read.values is not None
        (tmp_path / "worker").write_text(str(read.values[2]))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(parent, 0)
    worker = int((tmp_path / "worker").read_text())
    for _ in range(100):
        state = Path(f"/proc/{worker}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def test_the_usual_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    assert usual_workers() == 6
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert usual_workers() == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert usual_workers() == 8
