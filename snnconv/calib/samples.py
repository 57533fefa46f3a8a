"""Samples kept from a pass over the calibration data, for the passes that come after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor

from ..data.batches import shapes_of

SAMPLES = 256  # means over them are what corrections take
BYTES = 2**28


class Kept:
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
