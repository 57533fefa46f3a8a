"""Samples of several sizes: each batch holds samples of one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .query import positive

Size = TypeVar("Size", bound=Hashable)
OWN = 0  # in place of a size: every sample keeps its own
THREADS = 8


def by_size(sizes: Iterable[Hashable], step: int) -> list[Sequence[int]]:
    """Batches of at most `step` places, of one size each: sizes in the order in which they first come.

    However large the batches are, samples come in the same order.
    """
    places: dict[Hashable, list[int]] = {}
    for place, size in enumerate(sizes):
        places.setdefault(size, []).append(place)
    return [group[start : start + step] for group in places.values() for start in range(0, len(group), step)]


def remembered(size_of: Callable[[int], Size]) -> Callable[[int], Sequence[Size]]:
    """`Samples.sizes` from a function that looks at one sample, safe to call from several threads; each is looked at
    once."""
    known: list[Size] = []

    def sizes(count: int) -> Sequence[Size]:
        if len(known) < count:
            with ThreadPoolExecutor(THREADS) as pool:
                known.extend(pool.map(size_of, range(len(known), count)))
        return known[:count]

    return sizes


def size_or_own(text: str) -> int:
    """A whole number above 0; or `none`: samples keep their own size.

    Raises:
        ValueError: it is neither.
    """
    return OWN if text == "none" else positive(text)
