"""Calibration data in two parts: one that sets thresholds, one that chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..data.batches import limited_batches
from ..errors import InputError
from .score import Batch

FEWEST = 64
BATCH = 64  # samples of a batch of choice: small, so that few of them can be looked at


@dataclass(frozen=True)
class Part:
    """Batches of input leaves, which say of themselves what their source says; a loader, as `convert` takes it."""

    batches: list[tuple[Tensor, ...]]
    name: str
    normalization: Any = field(default=None)

    def __iter__(self) -> Any:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def samples(self) -> int:
        return sum(len(leaves[0]) for leaves in self.batches)

    def first(self, samples: int) -> list[tuple[Tensor, ...]]:
        """As many batches as hold the first `samples` samples."""
        return self.batches[: -(-samples // BATCH)]


def split(data: Iterable[Any], calibration: int, choice: int) -> tuple[Part, list[Batch]]:
    """The first samples, and those after them; half of all each, where there are fewer.

    Args:
        calibration, choice: the most samples of each.

    Raises:
        InputError: fewer than 64 samples, or a limit below 1.
    """
    if min(calibration, choice) < 1:
        raise InputError("a limit is out of range", expected="at least 1", got=f"{calibration} and {choice}")
    pieces = [
        (tuple(leaf[part] for leaf in inputs), None if labels is None else labels[part])
        for inputs, labels in limited_batches(data, calibration + choice, "calibration batch")
        for part in (slice(place, place + BATCH) for place in range(0, len(inputs[0]), BATCH))
    ]
    total = sum(len(inputs[0]) for inputs, _ in pieces)
    if total < FEWEST:
        raise InputError(
            "too few samples to choose by",
            expected=f"{FEWEST} or more; 1,500 are usual",
            got=f"{total} samples",
            where="the calibration data",
        )
    first, wanted = [], min(calibration, total // 2 if total < calibration + choice else calibration)
    while wanted > 0:
        inputs, labels = pieces.pop(0)
        first.append(tuple(leaf[:wanted] for leaf in inputs))
        if len(inputs[0]) > wanted:
            rest = tuple(leaf[wanted:] for leaf in inputs)
            pieces.insert(0, (rest, None if labels is None else labels[wanted:]))
        wanted -= len(first[-1][0])
    return Part(first, str(getattr(data, "name", "data")), getattr(data, "normalization", None)), pieces
