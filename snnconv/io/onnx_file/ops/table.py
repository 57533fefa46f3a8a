"""The table of operations, and what its entries share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..graph import Builder, Layer, Node, Value

OPERATIONS: dict[str, Builder] = {}
LARGEST_ARRAY = 2**22  # entries of an array of sizes; none is near it


def op(*names: str) -> Callable[[Builder], Builder]:
    """Decorator: the function builds the layer of these operations."""

    def register(builder: Builder) -> Builder:
        OPERATIONS.update(dict.fromkeys(names, builder))
        return builder

    return register


def parameter(array: np.ndarray) -> nn.Parameter:
    """A weight of the network, with memory of its own."""
    return nn.Parameter(torch.from_numpy(np.array(array, order="C")))


def set_weights(module: nn.Module, **arrays: np.ndarray | None) -> nn.Module:
    """Put the file's numbers in place of those a module was made with; buffers stay buffers."""
    for name, array in arrays.items():
        if array is not None:
            value = parameter(array)
            is_buffer = name in module._buffers
            setattr(module, name, value.detach() if is_buffer else value)
    return module.eval()


def as_tensor(value: Value, like: Tensor) -> Tensor:
    """An array as a tensor beside `like`: floats of its type, whole numbers and truth values as they are."""
    if isinstance(value, Tensor):
        return value
    if value.dtype == object:
        return torch.stack([torch.as_tensor(entry, device=like.device) for entry in value.reshape(-1)]).reshape(
            value.shape
        )
    dtype = like.dtype if value.dtype.kind == "f" and like.is_floating_point() else None
    return torch.as_tensor(np.array(value), dtype=dtype, device=like.device)


def operands(values: tuple[Value, ...]) -> list[Any]:
    """The inputs of an elementwise operation on tensors: constants of one entry become plain numbers."""
    first = next(value for value in values if isinstance(value, Tensor))
    rank = max(value.dim() for value in values if isinstance(value, Tensor))
    return [
        value.reshape(-1)[0] if isinstance(value, np.ndarray) and value.size == 1 and value.ndim <= rank
        and value.dtype == object
        else value.item() if isinstance(value, np.ndarray) and value.size == 1 and value.ndim <= rank
        else as_tensor(value, first)
        for value in values
    ]  # fmt: skip


def settled(array: np.ndarray) -> np.ndarray:
    """Sizes cut from others may all be plain numbers; then the array can be one of those."""
    plain = array.dtype == object and all(isinstance(entry, (int, np.integer)) for entry in array.reshape(-1))
    return array.astype(np.int64) if plain else array


def is_host(*values: Value) -> bool:
    """Whether all are arrays: sizes and what is computed from them, never the network's signals."""
    return not any(isinstance(value, Tensor) for value in values)


def all_inputs(node: Node) -> tuple[int, ...]:
    return tuple(index for index in range(len(node.inputs)) if node.has(index))


def layer_of_all(node: Node, call: Callable[..., Any]) -> Layer:
    """A function of all inputs of the node."""
    return Layer(call, all_inputs(node))


def normal_axis(axis: int, rank: int) -> int:
    return axis + rank if axis < 0 else axis
