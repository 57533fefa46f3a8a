"""Processes that decode files, and a crash of one of them as the fault of one file.

Python's own pool rather than torch's DataLoader: that one reports a killed process from a signal handler, wherever the
main thread is at that moment, and passes tensors through /dev/shm, which containers keep small.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MOST = 8  # more processes decode faster than a network on one machine takes it in
DIED = "the process that decoded it was killed"


class BadFile(Exception):
    """A file that cannot be used; the text says why, in few words."""


class Read(NamedTuple):
    """What became of one file: its samples, or None; and what is wrong with it, if anything."""

    values: np.ndarray | None
    problem: str | None


# from the position of a sample and a seed (None: nothing is random) to its values; raises BadFile
Decode = Callable[[int, int | None], Read]


@dataclass(frozen=True)
class Ticket:
    """A file that is being read, or waits until it is asked for."""

    position: int
    seed: int | None
    future: Future[Read] | None


class Workers:
    """`number` processes that decode; with 0 this process does.

    One that dies takes the pool along, by no fault of the other files in it: those are read again, each in a process of
    its own, and the file whose process dies then too is the bad one.
    """

    def __init__(self, decode: Decode, number: int) -> None:
        self.decode, self.number = decode, number
        self._pool: ProcessPoolExecutor | None = None

    def start(self, position: int, seed: int | None) -> Ticket:
        if not self.number:
            return Ticket(position, seed, None)
        try:
            if self._pool is None:
                self._pool = pool_of(self.decode, self.number)
                weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
            return Ticket(position, seed, self._pool.submit(read, position, seed))
        except BrokenProcessPool:
            self._pool = None
            return self.start(position, seed)

    def finish(self, ticket: Ticket) -> Read:
        if ticket.future is None:
            return attempt(self.decode, ticket.position, ticket.seed)
        try:
            return ticket.future.result()
        except BrokenProcessPool:
            return self._alone(ticket)

    def _alone(self, ticket: Ticket) -> Read:
        with pool_of(self.decode, 1) as pool:
            try:
                return pool.submit(read, ticket.position, ticket.seed).result()
            except BrokenProcessPool:
                return Read(None, DIED)


def pool_of(decode: Decode, number: int) -> ProcessPoolExecutor:
    # forked, as torch's DataLoader does on Linux: a script needs no guard around its main part. What runs in there is
    # NumPy and the decoder, with no lock that another thread of this process could hold
    method = "fork" if sys.platform == "linux" else None
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(number, context, prepare, (decode,))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
        pool.submit(os.getpid)  # starts the processes
    return pool


_decode: Decode | None = None  # of the worker process


def prepare(decode: Decode) -> None:
    """In a worker: what it decodes with. Ctrl-C is the main process's; without that one it leaves."""
    global _decode
    _decode = decode
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=leave_with_parent, daemon=True).start()


def leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def read(position: int, seed: int | None) -> Read:
    assert _decode is not None
    return attempt(_decode, position, seed)


def attempt(decode: Decode, position: int, seed: int | None) -> Read:
    try:
        return decode(position, seed)
    except BadFile as error:
        return Read(None, str(error))


def usual_workers() -> int:
    """As many as this process has cores, shared with those that torchrun started beside it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")), MOST), 1)
