"""Moving, cutting and joining: of tensors, and of the arrays of sizes that say how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..graph import Layer, Node, Value
from .table import as_tensor, is_host, layer_of_all, normal_axis, op, settled

# What `Cast` may ask for, by the numbers of the ONNX standard; half precision is computed as single.
TYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64,
         9: torch.bool, 10: torch.float32, 11: torch.float64, 16: torch.float32}  # fmt: skip


def sizes(value: Value) -> list[Any]:
    """An array of sizes as a list of whole or symbolic numbers."""
    assert isinstance(value, np.ndarray), "sizes are never computed from the network's signals"
    return [int(entry) if isinstance(entry, (int, np.integer)) else entry for entry in value.reshape(-1)]


@op("Shape")
def shape(node: Node) -> Layer:
    start, end = node.attributes.get("start", 0), node.attributes.get("end")

    def read(x: Value) -> np.ndarray:
        found = list(x.shape)[start:end]
        array = np.empty(len(found), dtype=object)
        array[:] = found
        return array.astype(np.int64) if all(isinstance(size, int) for size in found) else array

    return Layer(read)


@dataclass
class Reshape:
    """A change of shape, in which 0 may mean the size that is there.

    Attributes:
        keeps_zeros: 0 means that; else it means nothing at all.
        batch: (place in the target, dimension of the input, its size in the file): where the file has its batch size
            written into the target, so that another batch can take its place (`batch.py`).
    """

    keeps_zeros: bool
    batch: tuple[int, int, int] | None = None

    def __call__(self, x: Value, target: Value) -> Value:
        wanted = sizes(target)
        zeros = self.keeps_zeros
        wanted = [
            x.shape[i] if zeros and isinstance(size, int) and size == 0 else size for i, size in enumerate(wanted)
        ]
        if self.batch is not None:
            place, axis, size = self.batch
            wanted[place] = wanted[place] * x.shape[axis] // size
        return x.reshape(wanted)  # type: ignore[arg-type]


@op("Reshape")
def reshape(node: Node) -> Layer:
    return Layer(Reshape(not node.attributes.get("allowzero", 0)), (0, 1))


@op("Flatten")
def flatten(node: Node) -> Layer:
    axis = int(node.attributes.get("axis", 1))
    if axis == 1:
        return Layer(nn.Flatten(1))
    return Layer(lambda x: x.reshape(math.prod(x.shape[: normal_axis(axis, x.dim())]) if axis else 1, -1))


@op("Transpose")
def transpose(node: Node) -> Layer:
    order = node.attributes.get("perm")

    def call(x: Value) -> Value:
        axes = list(order) if order is not None else list(reversed(range(x.ndim)))
        return x.permute(axes) if isinstance(x, Tensor) else x.transpose(axes)

    return Layer(call)


@op("Squeeze", "Unsqueeze")
def squeeze(node: Node) -> Layer:
    axes = node.integers(1, "axes")

    def drop(x: Value) -> Value:
        # Dimension 0 is the batch: of size 1 by chance.
        gone = axes if axes is not None else [i for i in range(1, x.ndim) if x.shape[i] == 1]
        return x.squeeze(tuple(gone))

    def insert(x: Value) -> Value:
        assert axes is not None
        for axis in sorted(normal_axis(axis, x.ndim + len(axes)) for axis in axes):
            x = x.unsqueeze(axis) if isinstance(x, Tensor) else np.expand_dims(x, axis)
        return x

    return Layer(drop if node.op == "Squeeze" else insert)


@op("Concat")
def concat(node: Node) -> Layer:
    axis = int(node.attributes.get("axis", 0))

    def call(*values: Value) -> Value:
        if is_host(*values):
            return np.concatenate(values, axis)  # type: ignore[arg-type]
        like = next(value for value in values if isinstance(value, Tensor))
        parts = [as_tensor(value, like) for value in values]
        if normal_axis(axis, parts[0].dim()):
            # A token made for a batch of one goes to every sample.
            batch = next((part.shape[0] for part in parts if not is_one(part.shape[0])), 1)
            parts = [part.expand(batch, *part.shape[1:]) if is_one(part.shape[0]) else part for part in parts]
        return torch.cat(parts, axis)

    return layer_of_all(node, call)


def is_one(size: Any) -> bool:
    """Not asked of symbolic sizes: the answer would be kept as an assumption."""
    return isinstance(size, int) and size == 1


@op("Split")
def split(node: Node) -> Layer:
    axis, parts = int(node.attributes.get("axis", 0)), node.integers(1, "split")
    if node.attributes.get("num_outputs", len(node.outputs)) != len(node.outputs):
        raise node.unsupported(f"num_outputs {node.attributes['num_outputs']} with {len(node.outputs)} outputs")

    def call(x: Value) -> Sequence[Value]:
        length, count = x.shape[axis], len(node.outputs)
        each = -(-length // count)
        lengths = parts or [min(each, length - each * i) for i in range(count)]
        if isinstance(x, Tensor):
            return x.split(lengths, axis)
        return np.split(x, np.cumsum(lengths)[:-1], axis)

    return Layer(call)


@op("Slice")
def slice_of(node: Node) -> Layer:
    """`starts`, `ends`, `axes`, `steps`; before operator set 10 as attributes."""
    if node.opset < 10:
        starts, ends = np.array(node.attributes["starts"]), np.array(node.attributes["ends"])
        axes = np.array(node.attributes.get("axes", range(len(starts))))
        return Layer(lambda x: cut(x, starts, ends, axes))
    present = tuple(index for index in range(5) if node.has(index))

    def call(*values: Value) -> Value:
        by_place: dict[int, Value] = dict(zip(present, values))
        return cut(by_place[0], by_place[1], by_place[2], by_place.get(3), by_place.get(4))

    return Layer(call, present)


def cut(x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    low, high = sizes(starts), sizes(ends)
    places = sizes(axes) if axes is not None else list(range(len(low)))
    strides = sizes(steps) if steps is not None else [1] * len(low)
    chosen: list[slice] = [slice(None)] * x.ndim
    for axis, start, end, step in zip(places, low, high, strides):
        if step < 0:
            # Video networks flip channels so; torch slices only forwards.
            size = x.shape[axis]
            first, last, _ = slice(start, end, step).indices(size)
            x = x.flip(axis) if isinstance(x, Tensor) else np.flip(x, axis)
            chosen[axis] = slice(size - 1 - first, size - 1 - last, -step)
        else:
            chosen[axis] = slice(start, None if isinstance(end, int) and end >= 2**31 - 1 else end, step)
    return x[tuple(chosen)]


@op("Gather")
def gather(node: Node) -> Layer:
    axis = int(node.attributes.get("axis", 0))
    if node.is_constant(0) and not node.is_constant(1) and axis == 0 and is_weight(table := node.constant(0, "table")):
        return Layer(nn.Embedding.from_pretrained(torch.from_numpy(table.copy()), freeze=False), (1,))

    def call(x: Value, index: Value) -> Value:
        if is_host(x, index):
            return np.asarray(np.take(x, index.astype(np.int64), axis))  # type: ignore[arg-type, union-attr]
        if isinstance(index, np.ndarray) and index.ndim == 0:
            return x.select(axis, int(index))  # type: ignore[union-attr]
        assert isinstance(x, Tensor)
        if isinstance(index, np.ndarray) and index.dtype != object:
            index = np.where(index < 0, index + x.shape[axis], index)  # counted from the end
        places = as_tensor(index, x)
        return x.index_select(axis, places.reshape(-1)).unflatten(axis, places.shape)

    return Layer(call, (0, 1))


def is_weight(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" and array.ndim == 2


@op("Cast", "CastLike")
def cast(node: Node) -> Layer:
    if node.op == "CastLike":
        return Layer(lambda x, other: x.to(other.dtype) if isinstance(other, Tensor) else x.astype(other.dtype), (0, 1))
    wanted = TYPES.get(int(node.attributes["to"]))
    if wanted is None:
        raise node.unsupported(f"to the type with number {node.attributes['to']}")

    def call(x: Value) -> Value:
        if isinstance(x, Tensor):
            return x.to(wanted) if x.dtype != wanted else x
        x = settled(x)
        return x if x.dtype == object else x.astype(str(wanted).removeprefix("torch."))

    return Layer(call)


@op("Constant")
def constant(node: Node) -> Layer:
    raise node.unsupported(f"with {', '.join(node.attributes) or 'nothing'}")


@op("ScatterND")
def scatter(node: Node) -> Layer:
    """Values put at places; attention masks are drawn so."""
    if node.attributes.get("reduction", "none") != "none":
        raise node.unsupported("values that are added to what is there")

    def call(x: Value, places: Value, values: Value) -> Value:
        if not is_host(x, places, values):
            like = next(value for value in (x, places, values) if isinstance(value, Tensor))
            index = as_tensor(places, like).long().unbind(-1)
            return as_tensor(x, like).index_put(index, as_tensor(values, like))
        filled = np.array(x)
        filled[tuple(np.moveaxis(np.asarray(places).astype(np.int64), -1, 0))] = values
        return filled

    return Layer(call, (0, 1, 2))
