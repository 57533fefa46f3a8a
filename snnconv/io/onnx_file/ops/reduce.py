"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph import Layer, Node, Value
from .table import normal_axis, op

# Operation → (on a tensor, over `dim` with `keepdim`; on an array, or None where sizes are never reduced so).
REDUCTIONS: dict[str, tuple[Callable[..., Tensor], Callable[..., Any] | None]] = {
    "ReduceMean": (torch.mean, np.mean),
    "ReduceSum": (torch.sum, np.sum),
    "ReduceMax": (torch.amax, np.max),
    "ReduceMin": (torch.amin, np.min),
    "ReduceProd": (lambda x, dim, keepdim: product(x, dim, keepdim), np.prod),
    "ReduceL1": (lambda x, dim, keepdim: x.abs().sum(dim, keepdim), None),
    "ReduceL2": (lambda x, dim, keepdim: (x * x).sum(dim, keepdim).sqrt(), None),
    "ReduceSumSquare": (lambda x, dim, keepdim: (x * x).sum(dim, keepdim), None),
    "ReduceLogSumExp": (torch.logsumexp, None),
}


def product(x: Tensor, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    for axis in sorted((normal_axis(axis, x.dim()) for axis in axes), reverse=True):
        x = x.prod(axis, keepdim)
    return x


@op(*REDUCTIONS)
def reduction(node: Node) -> Layer:
    axes, keeps = node.integers(1, "axes"), bool(node.attributes.get("keepdims", 1))
    of_tensor, of_array = REDUCTIONS[node.op]
    if not axes and node.attributes.get("noop_with_empty_axes", 0):
        # Each entry is a row of its own: onnxruntime still squares it, or takes its absolute value.
        return Layer(lambda x: of_tensor(x.unsqueeze(-1), dim=(-1,), keepdim=False) if isinstance(x, Tensor) else x)

    def call(x: Value) -> Value:
        dims = tuple(axes) if axes else tuple(range(x.ndim))
        if isinstance(x, Tensor):
            return of_tensor(x, dim=dims, keepdim=keeps)
        if of_array is None:
            raise ValueError(f"{node.op} of an array of sizes")
        return np.asarray(of_array(x, axis=dims, keepdims=keeps))

    return Layer(call)


@op("ArgMax", "ArgMin")
def argument(node: Node) -> Layer:
    axis, keeps = int(node.attributes.get("axis", 0)), bool(node.attributes.get("keepdims", 1))
    find = torch.argmax if node.op == "ArgMax" else torch.argmin
    if node.attributes.get("select_last_index", 0):
        return Layer(lambda x: x.shape[axis] - 1 - find(x.flip(axis), axis, keeps))
    return Layer(lambda x: find(x, axis, keeps))
