"""Counts over samples of several sizes. Fan-outs and dense work belong to one size: each is kept apart from the others,
and what a sample costs is the mean over all samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from .counter import Counts, SynapticOperations
from .parts import Connectivity
from .wirings import Size

Value = TypeVar("Value")


@dataclass(frozen=True)
class Portion:
    """The samples of one size.

    Attributes:
        wiring: of the network at that size.
        counts: summed over the samples.
    """

    size: Size
    wiring: Connectivity
    counts: Counts
    samples: int


@dataclass
class BySize:
    """What was counted so far.

    Attributes:
        found: {size: its portion}.
    """

    found: dict[Size, Portion] = field(default_factory=dict)

    def add(self, size: Size, wiring: Connectivity, counts: Counts, samples: int) -> None:
        known = self.found.get(size, Portion(size, wiring, Counts(), 0))
        self.found[size] = replace(known, counts=known.counts + counts, samples=known.samples + samples)

    def take(self, operations: SynapticOperations, samples: int) -> None:
        """What the last block counted, on so many samples."""
        self.add(operations.size, operations.wiring.without_fan_outs, operations.counts, samples)

    @property
    def portions(self) -> list[Portion]:
        """In the order of sizes, whatever the order of the data."""
        return [portion for _, portion in sorted(self.found.items())]

    @property
    def samples(self) -> int:
        return sum(portion.samples for portion in self.found.values())

    def mean(self, values: Sequence[Value]) -> Value:
        """Of one value per sample for each portion, in their order, the mean over all samples."""
        return mean_of(values, [portion.samples / self.samples for portion in self.portions])

    @property
    def neurons(self) -> dict[str, float]:
        """{site: neurons of a sample}."""
        return self.mean([portion.wiring.neurons for portion in self.portions])  # type: ignore[return-value]


def mean_of(values: Sequence[Any], shares: Sequence[float]) -> Any:
    """The weighted mean of numbers, or of all the numbers in dataclasses, dicts and lists that are built alike; of what
    all have in common that itself."""
    first = values[0]
    if all(value == first for value in values):
        return first
    if is_dataclass(first) and not isinstance(first, type):
        names = [f.name for f in fields(first)]
        return replace(first, **{name: mean_of([getattr(v, name) for v in values], shares) for name in names})
    if isinstance(first, dict):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: mean_of([value.get(key, 0.0) for value in values], shares) for key in keys}
    if isinstance(first, list):
        return [mean_of(parts, shares) for parts in zip(*values, strict=True)]
    return sum(value * share for value, share in zip(values, shares, strict=True))
