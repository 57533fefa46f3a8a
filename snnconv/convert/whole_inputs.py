"""Inputs of whole numbers, as words: which numbers they may hold, drawing some, and refusing others.

A network reads them by looking rows of a table up, which says how many numbers there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx

from ..errors import InputError
from .graphs import value_of
from .operands import name_of, names, operands

LOOKUPS = {"embedding", "embedding_bag", "_embedding_bag", "_embedding_bag_forward_only"}  # (table, numbers, …)
KEEPING = names("moves", "joins") | {"getitem"}  # hand on the numbers as they are
UNREAD = {torch.bool: 2, torch.uint8: 256}  # how many numbers there are where nothing is looked up: pixels, masks
FLAGS = 2  # of all other types


def placeholders(graph: fx.Graph) -> list[fx.Node]:
    """The inputs that are tensors, in order."""
    return [node for node in graph.nodes if node.op == "placeholder" and isinstance(value_of(node), Tensor)]


def rows_of(graph: fx.Graph) -> list[int | None]:
    """For each input: the rows of the smallest table that its numbers are looked up in; None where there is none."""
    return [None if is_real(node) else rows_read(node) for node in placeholders(graph)]


def is_real(node: fx.Node) -> bool:
    value = value_of(node)
    return value.is_floating_point() or value.is_complex()


def rows_read(node: fx.Node) -> int | None:
    """The same for one input, or what its numbers became by moving and joining them."""
    found = [looked_up(user, node) or (rows_read(user) if keeps(user, node) else None) for user in node.users]
    return min((rows for rows in found if rows is not None), default=None)


def keeps(user: fx.Node, numbers: fx.Node) -> bool:
    """Whether a call hands the numbers on as they are."""
    return name_of(user) in KEEPING and any(o.role == "data" for o in operands(user) if o.node is numbers)


def looked_up(user: fx.Node, numbers: fx.Node) -> int | None:
    """How many rows the table has that a call looks the numbers up in; None where it does something else with them."""
    name = name_of(user)
    if name in LOOKUPS and user.args[1] is numbers:
        return int(value_of(user.args[0]).shape[0])  # type: ignore[arg-type]
    if name == "index" and numbers in user.args[1]:  # type: ignore[operator]
        return int(value_of(user.args[0]).shape[user.args[1].index(numbers)])  # type: ignore[arg-type,union-attr]
    if name == "one_hot" and len(user.args) > 1 and int(user.args[1]) > 0:  # type: ignore[arg-type]
        return int(user.args[1])  # type: ignore[arg-type]
    return None


def bounds_of(graph: fx.Graph) -> list[int | None]:
    """For each input: how many whole numbers 0, 1, … it may hold; None for real numbers."""
    return [
        None if is_real(node) else rows or UNREAD.get(value_of(node).dtype, FLAGS)
        for node, rows in zip(placeholders(graph), rows_of(graph))
    ]


def draw_inputs(
    graph: fx.Graph, shapes: Sequence[tuple[int, ...]], count: int, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """`count` samples for every input: Gaussian ones (float32), or whole numbers that it may hold.

    Args:
        shapes: per-sample shapes of the inputs.
    """
    drawn = []
    for node, bound, shape in zip(placeholders(graph), bounds_of(graph), shapes, strict=True):
        if bound is None:
            drawn.append(torch.randn(count, *shape, generator=generator, dtype=torch.float32))
        else:
            numbers = torch.randint(bound, (count, *shape), generator=generator)
            drawn.append(numbers.to(value_of(node).dtype))
    return tuple(drawn)


def blank_inputs(
    graph: fx.Graph, shapes: Sequence[tuple[int, ...]], count: int, reference: Tensor
) -> tuple[Tensor, ...]:
    """`count` samples of zeros for every input: real ones of the device and type of `reference`."""
    return tuple(
        reference.new_zeros(count, *shape, dtype=reference.dtype if is_real(node) else value_of(node).dtype)
        for node, shape in zip(placeholders(graph), shapes, strict=True)
    )


def require_rows(leaves: Sequence[Any], rows: Sequence[int | None], where: str | None = None) -> None:
    """Refuse numbers for which there is no row.

    Args:
        rows: of each leaf, as `rows_of` gives them.

    Raises:
        InputError: a number below 0, or above the last row.
    """
    for leaf, count in zip(leaves, rows):
        if count is None or not isinstance(leaf, Tensor) or not leaf.numel():
            continue
        low, high = (int(value) for value in leaf.aminmax())
        if low < 0 or high >= count:
            raise InputError(
                "an input holds a whole number that the network has no row for",
                expected=f"0 to {count - 1}: the table that it is looked up in has {count} rows",
                got=f"{low} to {high}",
                where=where,
            )
