"""The layers: their size, and the sum of all their products for an input when every weight is 1.

The gradient of that sum with respect to an element of the input is the number of products it takes part in: its
fan-out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, fx
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from ...graph.op import ByKind, names
from .calls import Call, elements, sizes
from .parts import Layer, Operation, Reads

SumOfProducts = Callable[[Call, fx.Node, Tensor], Tensor]
BATCH = 2  # of the pass that counts: `squeeze` would take a batch of one away
FORWARD = [F.conv1d, F.conv2d, F.conv3d]
TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]


def convolution(call: Call, read: fx.Node, x: Tensor) -> Tensor:
    return convolved(x, sizes(call.values["weight"]), call.values, is_transposed(call))


def convolved(x: Tensor, weight: Sequence[int], values: Mapping[str, Any], transposed: bool) -> Tensor:
    """Σ x × fan-out. A kernel of ones for one channel says it all: the channels of a group differ in nothing.

    Args:
        weight: its sizes. values: stride, padding, dilation and groups, or output_padding where it is transposed.
    """
    kernel, merged = x.new_ones(1, 1, *weight[2:]), x.sum(1, keepdim=True)
    geometry = {name: values[name] for name in ("stride", "padding", "dilation")}
    if transposed:
        geometry["output_padding"] = values["output_padding"]
        return weight[1] * TRANSPOSED[len(weight) - 3](merged, kernel, **geometry).sum()
    return weight[0] // values["groups"] * FORWARD[len(weight) - 3](merged, kernel, **geometry).sum()


def linear(call: Call, read: fx.Node, x: Tensor) -> Tensor:
    return sizes(call.values["weight"])[0] * x.sum()


def product(call: Call, read: fx.Node, x: Tensor) -> Tensor:
    """The operation itself with ones for what is not `read`, and zeros for a term that it adds, as `addmm` does."""
    terms = call.of("data")

    def operand(leaf: Any) -> Any:
        if not isinstance(leaf, fx.Node):
            return leaf
        return x if leaf is read else x.new_full(sizes(leaf, BATCH), float(leaf not in terms))

    arguments = [pytree.tree_map(operand, argument) for argument in call.node.args]
    assert isinstance(call.node.target, Callable)
    return call.node.target(*arguments).sum()


SUMS: ByKind[tuple[Operation, SumOfProducts]] = ByKind({
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), ("conv", convolution)),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), ("conv", convolution)),
    "linear": ("linear", linear),
}, (names("products"), ("product", product)))  # fmt: skip


def layer_of(call: Call, reads: Reads, read: fx.Node) -> Layer:
    """The layer's sizes.

    Args:
        read: the operand that is not its weight.
    """
    operation = SUMS[call.name][0]
    biased = call.values.get("bias") is not None or (operation == "product" and bool(call.of("data")))
    inputs, outputs = elements(read), elements(call.node)
    if operation == "product":
        weights = sum(elements(operand) for operand in factors(call) if operand is not read)
        macs = int(product(call, read, torch.ones(sizes(read, BATCH), dtype=torch.float64))) // BATCH
    else:
        weight = sizes(call.values["weight"])
        weights = prod(weight)
        positions = inputs if is_transposed(call) else outputs
        macs = positions * prod(weight[1:])
    return Layer(reads, operation, macs, inputs, outputs, weights, outputs if biased else 0)


def factors(call: Call) -> list[fx.Node]:
    """The operands that can be what a layer reads."""
    return call.of("factor") if SUMS[call.name][0] == "product" else [call.input]


def is_transposed(call: Call) -> bool:
    return bool(call.values.get("transposed")) or "transpose" in call.name
