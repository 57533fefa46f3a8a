"""Samples that are decoded one by one from files, of which some may be broken."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .workers import Decode, Read, Ticket, Workers

NAMED = 100  # bad files that a notice names; of more the number says enough
News = tuple[dict[str, str], dict[str, str]]  # {file: what is wrong}: those left out, those used as far as they go
log = logging.getLogger("snnconv")


class Request(NamedTuple):
    """Samples that are wanted together.

    Attributes:
        seeds: draw each sample at random, by its own seed; None: nothing is random.
        within: the next readable one of the first so many samples takes the place of one that cannot be read; None:
            that one is left out.
    """

    positions: Sequence[int]
    seeds: Sequence[int] | None = None
    within: int | None = None


class FileReader:
    """Reads samples by position, several processes at a time, always in the order asked for.

    Args:
        decode: from a position to uint8 [V, F, H, W, 3]: V clips of F frames.
        names: of the files, for notices.

    Attributes:
        strict: a file that cannot be read, or only in part, is an error; else it is left out, and named at the end.
        bad, partial: {file: what is wrong}, those met so far: left out, or read as far as they go.
    """

    def __init__(self, decode: Decode, names: Sequence[str], labels: Sequence[int]) -> None:
        self.names, self.labels = names, labels
        self.strict = False
        self.bad: dict[str, str] = {}
        self.partial: dict[str, str] = {}
        self._told: set[str] = set()
        self._workers = Workers(decode, 0)

    @property
    def workers(self) -> int:
        """Processes that decode."""
        return self._workers.number

    def use(self, workers: int, strict: bool) -> None:
        """Args: workers: processes that decode; 0: this one does."""
        self._workers, self.strict = Workers(self._workers.decode, workers), strict

    def stream(self, requests: Iterable[Request]) -> Iterator[tuple[Tensor, Tensor]]:
        """x float32 [N·V, C, F, H, W] in 0…1 and y int64 [N·V] of every request; N may be 0.

        With workers, files of the next request are decoded while this one is in use.

        Raises:
            InputError: a bad file where that is an error, or no file that can be read where one is needed.
        """
        waiting: deque[tuple[Request, list[Ticket | None]]] = deque()
        coming = iter(requests)
        try:
            while True:
                ahead = 2 * self._workers.number
                while len(waiting) < (2 if ahead else 1) or sum(len(tickets) for _, tickets in waiting) < ahead:
                    request = next(coming, None)
                    if request is None:
                        break
                    seeds = request.seeds or [None] * len(request.positions)
                    waiting.append((request, [self._start(*pair) for pair in zip(request.positions, seeds)]))
                if not waiting:
                    return
                yield self._batch(*waiting.popleft())
        finally:
            for ticket in (ticket for _, tickets in waiting for ticket in tickets):
                if ticket is not None and ticket.future is not None:
                    ticket.future.cancel()

    def first_readable(self, count: int) -> Tensor:
        """The first of the first `count` samples that can be read, [C, F, H, W].

        Raises:
            InputError: none can.
        """
        x, _ = next(self.stream([Request([0], within=count)]))
        return x[0]

    def news(self) -> News:
        """Bad and partial files that nobody was told of yet."""
        bad = {name: problem for name, problem in self.bad.items() if name not in self._told}
        partial = {name: problem for name, problem in self.partial.items() if name not in self._told}
        return bad, partial

    def tell(self, bad: Mapping[str, str], partial: Mapping[str, str]) -> None:
        """One notice for each of the two, with their names."""
        for found, what in ((bad, "cannot be read and are left out"), (partial, "are used as far as they go")):
            if found:
                shown = [f"{name} ({problem})" for name, problem in sorted(found.items())[:NAMED]]
                more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
                log.warning(f"{len(found)} of {len(self.names)} files {what}: {', '.join(shown)}{more}")
        self._told.update(bad, partial)

    def _start(self, position: int, seed: int | None) -> Ticket | None:
        return None if self.names[position] in self.bad else self._workers.start(position, seed)

    def _finish(self, position: int, ticket: Ticket | None) -> np.ndarray | None:
        name = self.names[position]
        found = Read(None, self.bad[name]) if ticket is None else self._workers.finish(ticket)
        if found.problem is not None:
            if self.strict:
                raise InputError(
                    "a file cannot be read" if found.values is None else "a file is damaged",
                    got=found.problem,
                    where=name,
                    remedy="without --strict (strict=True) such files are left out, and named at the end",
                )
            (self.bad if found.values is None else self.partial)[name] = found.problem
        return found.values

    def _batch(self, request: Request, tickets: list[Ticket | None]) -> tuple[Tensor, Tensor]:
        rows, labels = [], []
        for place, (position, ticket) in enumerate(zip(request.positions, tickets)):
            values = self._finish(position, ticket)
            if values is None and request.within is not None:
                seed = None if request.seeds is None else request.seeds[place]
                position, values = self._next(position, seed, request.within)
            if values is not None:
                rows.append(values)
                labels += [self.labels[position]] * len(values)
        if not rows:
            return torch.zeros(0), torch.zeros(0, dtype=torch.int64)
        x = torch.from_numpy(np.concatenate(rows)).permute(0, 4, 1, 2, 3)
        return x.float().div_(255).contiguous(), torch.tensor(labels)

    def _next(self, position: int, seed: int | None, count: int) -> tuple[int, np.ndarray]:
        for step in range(1, count):
            other = (position + step) % count
            values = self._finish(other, self._start(other, seed))
            if values is not None:
                return other, values
        shown = [f"{name} ({problem})" for name, problem in sorted(self.bad.items())[:3]]
        raise InputError("none of the files can be read", got=", ".join(shown), remedy="check the first of them")
