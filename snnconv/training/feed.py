"""Training batches of an epoch, from its beginning or from the middle, the same ones every time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..data import DataSource, batch_inputs, batch_labels
from ..errors import InputError
from ..measure.distributed import Group
from ..measure.evaluate import report_unread_files
from .augment import AFTER, augmented, mixed

Batch = tuple[tuple[Tensor, ...], Tensor]
USUAL = ("crop", "flip")
DRAWN = 2**16  # beside the stages of augmentation: no other draw has the same seed


def nothing() -> None:
    """Nothing to do."""


class Feed(Protocol):
    """Where batches come from.

    Attributes:
        batches: in an epoch, or None where that shows only at its end.
    """

    @property
    def batches(self) -> int | None: ...

    def epoch(self, number: int, start: int = 0, ready: Callable[[], None] = nothing) -> Iterator[Batch]:
        """Inputs and labels of the batches of an epoch, from batch `start` on, before which `ready` is called."""
        ...


def feed_of(data: Iterable[Any], batch_size: int, augment: tuple[str, ...] | None, seed: int, group: Group) -> Feed:
    """The feed of a data source, shuffled, or of any loader, as it comes; of several processes each has its share.

    Raises:
        InputError: the source gives several views of each sample.
    """
    if isinstance(data, DataSource):
        data.check_single_view()
        return SourceFeed(data, batch_size, USUAL if augment is None else augment, seed, group)
    return LoaderFeed(data, augment or (), seed, group)


@dataclass
class SourceFeed:
    """Samples of a `DataSource` in an order drawn again for each epoch; an incomplete last batch is left out.

    With "crop", clips come from anywhere in their files, in time and in the frame. The next clip that can be read takes
    the place of one that cannot, so that batches, and the shares of processes, keep their size.
    """

    source: DataSource
    batch_size: int
    augment: tuple[str, ...]
    seed: int
    group: Group

    @property
    def size(self) -> int:
        return min(self.batch_size, len(self.source))

    @property
    def batches(self) -> int | None:
        return len(self.source) // self.size

    def epoch(self, number: int, start: int = 0, ready: Callable[[], None] = nothing) -> Iterator[Batch]:
        ready()
        generator = torch.Generator().manual_seed(mixed(self.seed, number))
        order = torch.randperm(len(self.source), generator=generator).tolist()
        before = [name for name in self.augment if name not in AFTER]
        after = [name for name in self.augment if name in AFTER]
        seeds = None
        batches = [order[batch * self.size : (batch + 1) * self.size] for batch in range(start, self.batches or 0)]
        shares = [share(positions, self.group) for positions in batches]
        if self.source.random and "crop" in before:  # of the whole frame, and in time: no padding is needed
            before.remove("crop")
            seeds = [[mixed(self.seed, number, position, DRAWN) for position in positions] for positions in shares]
        for positions, (x, y) in zip(shares, self.source.drawn(shares, seeds)):
            x = augmented(x, before, self.seed, number, positions)
            x = self.source.normalized(x)
            assert isinstance(x, Tensor)  # `drawn` gives one input
            yield self.source.packed(augmented(x, after, self.seed, number, positions)), y
        report_unread_files(self.source, self.group)


@dataclass
class LoaderFeed:
    """The batches of a loader. Its own shuffling draws from torch's generator, which is seeded for each epoch."""

    data: Iterable[Any]
    augment: tuple[str, ...]
    seed: int
    group: Group

    @property
    def batches(self) -> int | None:
        return len(self.data) if isinstance(self.data, Sized) else None

    def epoch(self, number: int, start: int = 0, ready: Callable[[], None] = nothing) -> Iterator[Batch]:
        torch.manual_seed(mixed(self.seed, number))
        loader = iter(self.data)
        count = sum(len(batch_inputs(values)[0]) for values in itertools.islice(loader, start))
        ready()  # before the next batch is drawn: a loader may draw from the generators that the network draws from
        batch = start - 1
        for batch, values in enumerate(loader, start):
            where = f"training batch {batch}"
            inputs, labels = batch_inputs(values, where), batch_labels(values, where)
            if labels is None:
                raise InputError("the training data has no labels", expected="batches (x, y), integer y", where=where)
            positions = share(range(count, count + len(labels)), self.group)
            own = [position - count for position in positions]
            count += len(labels)
            yield tuple(augmented(x[own], self.augment, self.seed, number, positions) for x in inputs), labels[own]
        if batch < 0:
            raise InputError(
                "the training data is empty",
                expected="at least one batch in every epoch",
                got="none",
                remedy="a generator can be read only once: pass something that starts again, as a list or a DataLoader",
            )


def share(positions: Sequence[int], group: Group) -> Sequence[int]:
    """One process's part of a batch: parts are of one size, so that the mean of their gradients is the batch's.

    Raises:
        InputError: fewer samples than processes.
    """
    whole = len(positions) // group.size * group.size
    if not whole:
        raise InputError("a batch is too small to share", expected=f"{group.size} samples", got=str(len(positions)))
    return positions[:whole][group.rank :: group.size]
