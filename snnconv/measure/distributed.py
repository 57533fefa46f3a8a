"""The same command in several processes, as `torchrun` starts them: each takes its share, all end the same way.

    torchrun --nproc-per-node 2 --no-python snnconv sweep …

What one of them measures the others learn through the `store`; one that fails takes all others with it.
"""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, SnnconvError
from .store import Store

LEAVING = datetime.timedelta(seconds=20)
FAILED = "failed"


@dataclass
class Group:
    """The processes of one command.

    Attributes:
        rank: number of this process, from 0.
        size: how many there are.
        store: through which they exchange values; None for one alone.
        failed: an error was agreed upon: all processes are on their way out.
        turn: how many values of all of them were exchanged.
        idle: how many further processes were started, and left because there is nothing to share.
    """

    rank: int = 0
    size: int = 1
    store: Store | None = None
    failed: bool = False
    turn: int = 0
    idle: int = 0

    @property
    def first(self) -> bool:
        """Whether this process is the one that prints and writes results."""
        return self.rank == 0

    def gather(self, value: Any, error: str | None = None) -> list[Any]:
        """Every process's value, in the order of ranks; all of them have to call this.

        Raises:
            InputError: a process came here with an error; then all raise, with the error of the lowest rank.
        """
        if self.store is None:
            return [value]
        self.store.put(str(self.turn), (value, error))
        told = [self.store.get(str(self.turn), other) for other in range(self.size)]
        if self.turn:
            self.store.delete(str(self.turn - 1))  # who tells its next value has heard all former ones
        self.turn += 1
        first = next((error for _, error in told if error is not None), None)
        if first is not None:
            self.failed = True
            raise InputError(first)
        return [value for value, _ in told]

    def check(self) -> None:
        """Stop if another process has met an error: it waits for this one to say so too."""
        if self.store is not None and self.store.is_signalled(FAILED):
            self.gather(None)

    def fail(self, error: str) -> None:
        """Tell the others, who join in at their next `gather` or `check`, and raise what is agreed upon."""
        if self.store is not None and not self.failed:
            self.store.signal(FAILED)
            self.gather(None, error)


_current: ContextVar[Group | None] = ContextVar("group", default=None)
_numbers = itertools.count()  # of groups that share a store; all processes make them in the same order


@contextmanager
def together() -> Iterator[Group]:
    """The processes of this command, one if nobody started several. Errors on purpose become errors of all of them.

    Raises:
        InputError: an error of another process.
    """
    standing = _current.get()
    if standing is not None:
        yield standing
        return
    with _joined() as group:
        token = _current.set(group)
        try:
            yield group
            if not group.failed:
                group.gather(None)  # nobody leaves before it is known that nobody failed
        except SnnconvError as error:
            group.fail(str(error))
            raise
        finally:
            _current.reset(token)


@contextmanager
def alone() -> Iterator[None]:
    """What stands inside is not shared, however many processes were started: the others have left."""
    token = _current.set(Group(idle=processes() - 1))
    try:
        yield
    finally:
        _current.reset(token)


def idle() -> int:
    """How many processes have left because there is nothing to share."""
    group = _current.get()
    return 0 if group is None else group.idle


def processes() -> int:
    """How many were started together, as their launcher tells it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def process_number() -> int:
    """The rank of this process, as its launcher tells it; 0 where there is none."""
    return int(os.environ.get("RANK", "0")) if processes() > 1 else 0


def standing() -> Group:
    """The processes between which torch's own process group stands already, whoever made it."""
    import torch.distributed as dist
    from torch.distributed.distributed_c10d import PrefixStore, _get_default_store

    store = PrefixStore(f"snnconv/{next(_numbers)}", _get_default_store())
    return Group(dist.get_rank(), dist.get_world_size(), Store(store, dist.get_rank()))


@contextmanager
def _joined() -> Iterator[Group]:
    size = processes()
    if size == 1:
        yield Group()
        return
    import torch.distributed as dist  # not in every build of torch, and slow to import
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    if dist.is_initialized():
        yield standing()
        return
    try:
        keys, rank, size = next(iter(rendezvous("env://")))
    except ValueError as error:
        raise InputError(
            "WORLD_SIZE announces several processes, but not how they meet",
            got=str(error),
            remedy="start them with torchrun, or unset WORLD_SIZE",
        ) from error
    store = Store(PrefixStore("snnconv", keys), rank)
    try:
        with store.beating():
            yield Group(rank, size, store)
    finally:
        leave(store, range(size) if rank == 0 else range(0))


def leave(store: Store, others: range) -> None:
    """Say that this process goes. The first waits for all others: it may hold the store that they still read."""
    with suppress(RuntimeError):  # of the store: it is gone, or they did not come
        store.keys.set(f"left/{store.rank}", "1")
        if others:
            store.keys.wait([f"left/{other}" for other in others], LEAVING)
