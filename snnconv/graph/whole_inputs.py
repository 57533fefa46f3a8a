"""Inputs of whole numbers, as words: which numbers they may hold, drawing some, and refusing others.

A network reads them by looking rows of a table up, which says how many numbers there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx

from ..errors import InputError
from .graphs import value_of
from .lookups import Lookup, Range, allowed, blanks, computed, inputs_in, is_real, lookups_in

UNREAD = {torch.bool: 2, torch.uint8: 256}  # how many numbers there are where nothing is looked up: pixels, masks
MOST_NUMBERS = 2**28  # of an input: a gigabyte
FLAGS = 2  # of all other types
TRIES = 40  # of drawing: each from half the range
placeholders = inputs_in


def bounds_of(graph: fx.Graph) -> list[Range | None]:
    """For each input: the whole numbers that are drawn for it, all of which the network has rows for; None for reals.

    Numbers that are added, multiplied or clamped before they are looked up may be others than the table's rows.
    """
    found: list[Range | None] = []
    known = blanks(graph)
    for node in placeholders(graph):
        read = None if is_real(node) else allowed(node, known)
        least = Range(0, UNREAD.get(value_of(node).dtype, FLAGS) - 1)  # type: ignore[union-attr]
        found.append(None if is_real(node) else least if read is None else nonempty(read))
    return narrowed(graph, found)


def nonempty(found: Range) -> Range:
    return found if found.low <= found.high else Range(found.low, found.low)


def narrowed(graph: fx.Graph, bounds: list[Range | None]) -> list[Range | None]:
    """The same where the ends of all ranges together have rows; else ever narrower ones, as of words that are added."""
    lookups = lookups_in(graph)
    zeros = blanks(graph)
    for _ in range(TRIES if lookups else 0):
        ends = [
            {n: zeros[n] if b is None else torch.full_like(zeros[n], b[end]) for n, b in zip(zeros, bounds)}
            for end in (0, 1)
        ]
        if all(missing(lookup, known) is None for known in ends for lookup in lookups):
            break
        bounds = [None if b is None else Range(b.low, b.low + (b.high - b.low) // 2) for b in bounds]
    return bounds


def draw_inputs(
    graph: fx.Graph, shapes: Sequence[tuple[int, ...]], count: int, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """`count` samples for every input: Gaussian ones (float32, complex64), or whole numbers that it may hold.

    Args:
        shapes: per-sample shapes of the inputs.
    """
    drawn = []
    for node, bound, shape in zip(placeholders(graph), bounds_of(graph), shapes, strict=True):
        value = value_of(node)
        assert isinstance(value, Tensor)
        if bound is None:
            dtype = torch.complex64 if value.is_complex() else torch.float32
            drawn.append(torch.randn(count, *shape, generator=generator, dtype=dtype))
        else:
            numbers = torch.randint(bound.low, bound.high + 1, (count, *shape), generator=generator)
            drawn.append(numbers.to(value.dtype))
    return tuple(drawn)


def blank_inputs(
    graph: fx.Graph, shapes: Sequence[tuple[int, ...]], count: int, reference: Tensor
) -> tuple[Tensor, ...]:
    """`count` samples of zeros for every input: real ones of the device and type of `reference`.

    Raises:
        InputError: they would have more numbers than any input has.
    """
    for shape in shapes:
        if count * math.prod(shape) > MOST_NUMBERS:
            raise InputError(
                "the network's input is too large", expected=f"at most {MOST_NUMBERS:,} numbers in {count} samples",
                got=f"{list(shape)} each", remedy="give a smaller one with input_shape=… or --input-shape",
            )  # fmt: skip
    values = [value_of(node) for node in placeholders(graph)]
    types = [reference.dtype if value.is_floating_point() else value.dtype for value in values]  # type: ignore[union-attr]
    return tuple(reference.new_zeros(count, *shape, dtype=dtype) for dtype, shape in zip(types, shapes, strict=True))


def missing(lookup: Lookup, known: dict[fx.Node, Tensor]) -> Range | None:
    """What is looked up beyond the table, as the range of all that is; None where there is a row for everything."""
    try:
        found = computed(lookup.numbers, known)
    except (LookupError, RuntimeError, TypeError):
        return None  # the network itself will say
    if not isinstance(found, Tensor) or not found.numel():
        return None
    seen = Range(*(int(end) for end in found.aminmax()))
    return None if lookup.least <= seen.low and seen.high < lookup.rows else seen


def require_rows(lookups: Sequence[Lookup], leaves: Sequence[Any], where: str | None = None) -> None:
    """Refuse numbers for which there is no row.

    Args:
        lookups: as `lookups_in` gives them. leaves: of all tensor inputs.

    Raises:
        InputError: a number below 0, or above the last row, after whatever the network adds to it.
    """
    if not lookups:
        return
    known = dict(zip(placeholders(lookups[0].numbers.graph), leaves))
    for lookup in lookups:
        seen = missing(lookup, known)
        if seen is None:
            continue
        made = "" if lookup.numbers in known else ", which the network makes of its inputs"
        raise InputError(
            "an input holds a whole number that the network has no row for",
            expected=f"0 to {lookup.rows - 1}: the table that it is looked up in has {lookup.rows} rows",
            got=f"{seen.low} to {seen.high}{made}",
            where=where,
        )
