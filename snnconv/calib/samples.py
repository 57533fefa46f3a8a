"""Calibration data in portions that do not depend on how it came, and samples of it for the passes that come later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, fx

from ..data.batches import shapes_of
from ..simulate.memory import LIVE, elements, largest_layer

SAMPLES = 256  # means over them are what corrections take
BYTES = 2**28
PORTION = 128  # samples run at once, at most


def portions(batches: Iterable[tuple[Tensor, ...]], size: int) -> Iterator[tuple[Tensor, ...]]:
    """The same samples in the same order, `size` at a time: batches are cut, and put together.

    Convolutions round differently for another number of samples, and ranges of histograms begin with the first ones:
    what is found must not depend on the batch size of a loader. Samples of different shapes go into different portions.
    """
    waiting: list[tuple[Tensor, ...]] = []
    for leaves in batches:
        if waiting and shapes_of(leaves) != shapes_of(waiting[0]):
            yield joined(waiting)
            waiting = []
        begin, count = 0, len(leaves[0])
        while begin < count:
            end = min(count, begin + size - sum(len(part[0]) for part in waiting))
            waiting.append(tuple(leaf[begin:end] for leaf in leaves))
            begin = end
            if sum(len(part[0]) for part in waiting) == size:
                yield joined(waiting)
                waiting = []
    if waiting:
        yield joined(waiting)


def joined(parts: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """In contiguous memory of its own: libraries sum up in another order by its layout, and where it is not aligned."""
    return tuple(torch.cat(leaves).contiguous() for leaves in zip(*parts, strict=True))


def run_at_once(canonical: fx.GraphModule) -> int:
    """Samples of a portion that is run: what lives at the largest layer fits into 256 MiB, but one."""
    return portion_of(largest_layer(canonical.graph) * LIVE)


def differentiated_at_once(canonical: fx.GraphModule) -> int:
    """The same where all activations are held for a backward pass."""
    return portion_of(sum(map(elements, canonical.graph.nodes)))


def portion_of(per_sample: int) -> int:
    return max(1, min(PORTION, BYTES // max(1, 4 * per_sample)))


class SampleBuffer:
    """Hands batches on and keeps the first samples, at most `count` and as many as fit into 256 MiB, but one batch.

    Of data of several sizes those of the first: means over samples need one.
    """

    def __init__(self, batches: Iterable[tuple[Tensor, ...]], count: int) -> None:
        self._batches = batches
        self._free = count
        self._bytes = BYTES
        self.samples: list[tuple[Tensor, ...]] = []

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for batch in self._batches:
            if (
                self._free > 0
                and self._bytes > 0
                and (not self.samples or shapes_of(batch) == shapes_of(self.samples[0]))
            ):
                part = tuple(leaf[: self._free].clone() for leaf in batch)
                self.samples.append(part)
                self._free -= len(part[0])
                self._bytes -= sum(leaf.numel() * leaf.element_size() for leaf in part)
            yield batch
