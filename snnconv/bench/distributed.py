"""The same command in several processes, as `torchrun` starts them: each takes its share, all end the same way.

    torchrun --nproc-per-node 2 --no-python snnconv sweep …

What travels between the processes are small Python objects: gloo carries them wherever the networks run.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, SnnconvError

PATIENCE = datetime.timedelta(days=30)  # one process may have nothing to do while another computes for days
LEAVING = datetime.timedelta(seconds=20)
FAILED = "snnconv/failed"


@dataclass
class Group:
    """The processes of one command.

    Attributes:
        rank: number of this process, from 0.
        size: how many there are.
        store: what the processes tell each other at once; None where someone else started them.
        channel: torch's process group.
        failed: an error was agreed upon: all processes are on their way out.
    """

    rank: int = 0
    size: int = 1
    store: Any = None
    channel: Any = None
    failed: bool = False

    @property
    def first(self) -> bool:
        """Whether this process is the one that prints and writes results."""
        return self.rank == 0

    def gather(self, value: Any, error: str | None = None) -> list[Any]:
        """Every process's value, in the order of ranks; all of them have to call this.

        Raises:
            InputError: a process came here with an error; then all raise, with the error of the lowest rank.
        """
        if self.size == 1:
            return [value]
        import torch.distributed as dist

        told: list[Any] = [None] * self.size
        dist.all_gather_object(told, (value, error), group=self.channel)
        first = next((error for _, error in told if error is not None), None)
        if first is not None:
            self.failed = True
            raise InputError(first)
        return [value for value, _ in told]

    def check(self) -> None:
        """Stop if another process has met an error: it waits for this one to say so too."""
        if self.store is not None and self.store.check([FAILED]):
            self.gather(None)

    def fail(self, error: str) -> None:
        """Tell the others, who join in at their next `gather` or `check`, and raise what is agreed upon."""
        if self.size > 1 and not self.failed:
            if self.store is not None:
                self.store.set(FAILED, "1")
            self.gather(None, error)


_current: ContextVar[Group | None] = ContextVar("group", default=None)


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


def process_number() -> int:
    """The rank of this process, as its launcher tells it; 0 where there is none."""
    return int(os.environ.get("RANK", "0")) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else 0


@contextmanager
def _joined() -> Iterator[Group]:
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    import torch.distributed as dist  # not in every build of torch, and slow to import
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    if dist.is_initialized():
        yield Group(dist.get_rank(), dist.get_world_size(), None, dist.new_group(backend="gloo", timeout=PATIENCE))
        return
    try:
        store, rank, size = next(iter(rendezvous("env://")))
    except ValueError as error:
        raise InputError(
            "WORLD_SIZE announces several processes, but not how they meet",
            got=str(error),
            remedy="start them with torchrun, or unset WORLD_SIZE",
        ) from error
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
    try:
        yield Group(rank, size, PrefixStore("sweep", store))
    finally:
        # Who holds the store leaves last, and nobody closes a connection that another still reads: either would abort.
        meet(store, "done", rank, range(size))
        dist.destroy_process_group()
        meet(store, "left", rank, range(size) if rank == 0 else ())


def meet(store: Any, place: str, rank: int, others: Iterable[int]) -> None:
    """Say that this process has come to a place, and wait for others to; not for long: one may have died."""
    with suppress(RuntimeError):  # of the store: it is gone, or they did not come
        store.set(f"{place}/{rank}", "1")
        names = [f"{place}/{other}" for other in others]
        if names:
            store.wait(names, LEAVING)
