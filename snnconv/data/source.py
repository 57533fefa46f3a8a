"""Data sources by name: `open_data("npz:FILE")` gives batches of images and labels in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError
from ..registry import Registry
from .normalization import Normalization


@dataclass(frozen=True)
class Samples:
    """What a kind of data source gives: labelled images by position.

    Attributes:
        fetch: positions → (x float32 [N, C, H, W], in 0…1 unless the source holds floats; y int64 [N]).
        count: how many samples there are.
        classes: how many classes there are, or None where the source does not say.
        normalization: the one usual for this data, applied where the caller gives none.
    """

    fetch: Callable[[range], tuple[Tensor, Tensor]]
    count: int
    classes: int | None = None
    normalization: Normalization | None = None


# kind → from what follows the colon to its samples
DATA_SOURCES: Registry[Callable[[str], Samples]] = Registry("data source")
GRAMMAR = "npz:FILE, imagefolder:DIR, torchvision:NAME:DIR or fashion"


class DataSource:
    """Batches of labelled images, the same ones in the same order every time it is iterated.

    Yields (x float32 [N, C, H, W], y int64 [N]), the last batch shorter where needed. `len()` counts samples.

    Attributes:
        name: the spec it was opened with.
        classes: how many classes there are, or None where the source does not say.
        normalization: what is applied to x, or None.
        first: the first sample, [C, H, W], under the normalisation that it was opened with.
        shape: of one sample, (C, H, W).
    """

    def __init__(
        self,
        name: str,
        samples: Samples,
        *,
        batch_size: int = 64,
        limit: int | None = None,
        normalization: Normalization | None = None,
    ) -> None:
        _check_positive("batch_size", batch_size)
        if limit is not None:
            _check_positive("limit", limit)
        if samples.count == 0:
            raise InputError("the data source is empty", expected="at least one image", where=name)
        self.name = name
        self.classes = samples.classes
        self.normalization = normalization or samples.normalization
        self.batch_size = batch_size
        self._samples = samples
        self._count = samples.count if limit is None else min(limit, samples.count)
        first, _ = self._batch(range(1))  # channels that do not fit, or a broken first image, are reported at once
        self.first = first[0]
        self.shape = tuple(self.first.shape)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return map(self.batch, range(self.batches))

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return -(-self._count // self.batch_size)

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """One batch by its place, from 0; those before it are not read."""
        start = number * self.batch_size
        return self._batch(range(start, min(start + self.batch_size, self._count)))

    def take(self, positions: Sequence[int], *, raw: bool = False) -> tuple[Tensor, Tensor]:
        """The samples at these positions, in their order; `raw` leaves the normalisation out."""
        parts = [self._samples.fetch(range(position, position + 1)) for position in positions]
        x, y = torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])
        return (x if raw or self.normalization is None else self.normalization(x)), y

    def __repr__(self) -> str:
        return f"DataSource({self.name!r}, {len(self)} samples of shape {self.shape}, batches of {self.batch_size})"

    def _batch(self, positions: range) -> tuple[Tensor, Tensor]:
        x, y = self._samples.fetch(positions)
        return (x if self.normalization is None else self.normalization(x)), y


def open_data(
    spec: str, *, batch_size: int = 64, limit: int | None = None, normalization: Normalization | None = None
) -> DataSource:
    """Open labelled images.

    Args:
        spec: `npz:FILE[,FILE…][?y=KEY&where=KEY&layout=NTHW]`, `imagefolder:DIR[?size=224]`,
            `torchvision:NAME:DIR[:train]`, or `fashion[:train]`.
        batch_size: samples in a batch.
        limit: only the first so many samples.
        normalization: applied to every batch; None: the one usual for the data where it has one (`fashion`).

    Raises:
        InputError: the spec is wrong, the data are missing or broken, or the normalisation does not fit them.
    """
    kind, colon, argument = spec.partition(":")
    if kind not in DATA_SOURCES and os.path.exists(spec):
        guess = "imagefolder" if os.path.isdir(spec) else "npz"
        raise InputError(
            "a data source starts with its kind",
            expected=GRAMMAR,
            got=repr(spec),
            remedy=f"{guess}:{spec}" if guess != "npz" or spec.endswith(".npz") else None,
        )
    if colon and not argument:
        raise InputError("nothing follows the colon of a data source", expected=GRAMMAR, got=repr(spec))
    samples = DATA_SOURCES[kind](argument)
    return DataSource(spec, samples, batch_size=batch_size, limit=limit, normalization=normalization)


def _check_positive(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} is not a positive whole number", got=repr(value))
