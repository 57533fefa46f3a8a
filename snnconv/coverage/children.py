"""Runs one process for each network, some at a time; none of them can end the run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import torch

from .one import failure
from .record import Network

PATIENCE = 20  # times its processor time is what a process may stand around


@dataclass
class Children:
    """The processes of a run.

    Attributes:
        jobs: how many at a time; they share torch's threads.
        seconds: of processor time, each. memory: GiB, each.
    """

    jobs: int
    seconds: float
    memory: float
    seed: int
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _stopped: bool = False

    def records(self, models: Sequence[str]) -> Iterator[Network]:
        """The record of every network, in the order in which they are done. Leaving off ends what is running."""
        executor = ThreadPoolExecutor(self.jobs)
        try:
            waiting: list[Future[Network | None]] = [executor.submit(self.record, model) for model in models]
            for done in as_completed(waiting):
                if (record := done.result()) is not None:
                    yield record
        finally:
            self._stopped = True
            for process in list(self._running):
                process.kill()
            executor.shutdown(cancel_futures=True)

    def record(self, model: str) -> Network | None:
        """None: the run was left off."""
        if self._stopped:
            return None
        process = subprocess.Popen(
            self.command(model), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        )
        self._running.add(process)
        try:
            printed, told = process.communicate(timeout=PATIENCE * self.seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return failure(model, f"stood still: not done after {PATIENCE * self.seconds:g} s")
        finally:
            self._running.discard(process)
        if self._stopped:
            return None
        return read_record(printed) or failure(model, self.reason(process.returncode, told))

    def command(self, model: str) -> list[str]:
        threads = max(1, torch.get_num_threads() // self.jobs)
        limits = {"seed": self.seed, "seconds": self.seconds, "memory": self.memory, "threads": threads}
        options = [part for name, value in limits.items() for part in (f"--{name}", str(value))]
        return [sys.executable, "-m", str(__package__), model, *options]

    def reason(self, code: int, told: str) -> str:
        """Why a process ended without a record."""
        if code == -getattr(signal, "SIGXCPU", 24):
            return f"not done after {self.seconds:g} s of processor time"
        if code == -signal.SIGKILL:
            return "killed by the system: out of memory?"
        last = (told.strip().splitlines() or ["it said nothing"])[-1]
        return f"the process ended with {code}: {last}"


def read_record(printed: str) -> Network | None:
    """The record in the last line, if there is one."""
    lines = printed.strip().splitlines()
    try:
        return Network.from_dict(json.loads(lines[-1])) if lines else None
    except (ValueError, KeyError, TypeError):
        return None
