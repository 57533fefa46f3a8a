"""Tensors made by repetition: of a value, of what is there, or by counting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph import Layer, Node, Value
from .shape import is_one, sizes
from .table import LARGEST_ARRAY, op


@op("Expand")
def expand(node: Node) -> Layer:
    def call(x: Value, target: Value) -> Value:
        wanted = sizes(target)
        own = [1] * (len(wanted) - x.ndim) + list(x.shape)
        wanted = [1] * (len(own) - len(wanted)) + wanted
        full = [have if is_one(want) else want for have, want in zip(own, wanted)]
        if isinstance(x, Tensor):
            return x.expand(full)
        return np.broadcast_to(x, bounded(full))

    return Layer(call, (0, 1))


@op("Tile")
def tile(node: Node) -> Layer:
    def call(x: Value, times: Value) -> Value:
        if isinstance(x, Tensor):
            return x.repeat(sizes(times))
        bounded([x.size, *sizes(times)])
        return np.tile(x, sizes(times))

    return Layer(call, (0, 1))


@op("ConstantOfShape")
def constant_of_shape(node: Node) -> Layer:
    value = node.attributes.get("value", np.zeros(1, np.float32)).reshape(-1)[0]

    def call(target: Value) -> Value:
        wanted = sizes(target)
        if all(isinstance(size, int) for size in wanted):
            return np.full(bounded(wanted), value)
        return torch.full(wanted, value.item())

    return Layer(call)


@op("Range")
def count_up(node: Node) -> Layer:
    def call(start: Value, limit: Value, step: Value) -> Value:
        first, last, by = (sizes(value)[0] for value in (start, limit, step))
        bounded([max(0, int((last - first) / by))])
        return np.arange(first, last, by)

    return Layer(call, (0, 1, 2))


def bounded(wanted: list[Any]) -> list[Any]:
    """A file of a few bytes must not ask for gigabytes.

    Raises:
        ValueError: the array would be too large.
    """
    if math.prod(wanted) > LARGEST_ARRAY:
        raise ValueError(f"a constant of size {wanted}")
    return wanted
