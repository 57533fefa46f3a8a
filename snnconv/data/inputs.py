"""Batches of a network with one input, or with several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from torch import Tensor

from ..errors import InputError

Value = TypeVar("Value")
Inputs = Tensor | tuple[Tensor, ...]


def flat(error: InputError) -> str:
    """What an error says but for its remedy, in one line."""
    lines = [line.strip() for line in str(error).splitlines()]
    return "; ".join(line for line in lines if not line.startswith("remedy:"))


def first_of(x: Inputs) -> Inputs:
    """The first sample, [1, …]."""
    return x[:1] if isinstance(x, Tensor) else tuple(leaf[:1] for leaf in x)


def one_input(x: Inputs, where: str) -> Tensor:
    if not isinstance(x, Tensor):
        raise InputError("training takes samples of one input", got=f"{len(x)} inputs", where=where)
    return x


def one_or_all(values: Sequence[Value]) -> Value | tuple[Value, ...]:
    """Of one input, or of all of several."""
    return values[0] if len(values) == 1 else tuple(values)
