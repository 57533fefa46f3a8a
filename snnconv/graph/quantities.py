"""What one operation of the captured graph holds, counted for one sample: the rules that `graph.ops` names.

mac                  multiply-accumulates; conv_mac: those of them in convolutions
conv_bias            outputs of convolutions that have a bias; linear_bias: the same of linear layers
norm                 elements normalised by BatchNorm
relu                 outputs of the ReLU family
pool_input           inputs of max and average pooling; adaptive_pool_input: of the adaptive ones
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import fx

from .graphs import value_of
from .names import name_of
from .op import names
from .ops import OPERATIONS
from .time_varying import size_at

Quantities = dict[str, int]
Rule = Callable[[fx.Node], Quantities]


def shape_of_one(node: Any) -> tuple[int, ...]:
    """The node's shape for a batch of one: the free batch size counts 1 (a dimension of k·B counts k)."""
    value = value_of(node)
    sizes = value.shape if isinstance(value, torch.Tensor) else ()
    return tuple(size_at(size, 1) for size in sizes)


def elements(node: Any) -> int:
    return prod(shape_of_one(node))


def argument(node: fx.Node, position: int) -> Any:
    return node.args[position] if len(node.args) > position else None


def convolution(node: fx.Node) -> Quantities:
    """Outputs × inputs per group × kernel; a transposed one multiplies each input instead."""
    weight = shape_of_one(node.args[1])
    name = name_of(node)
    transposed = "transpose" in name or (name == "convolution" and bool(argument(node, 6)))
    positions = elements(node.args[0]) if transposed else elements(node)
    macs = positions * prod(weight[1:])
    return {"mac": macs, "conv_mac": macs, "conv_bias": elements(node) if argument(node, 2) is not None else 0}


def linear(node: fx.Node) -> Quantities:
    macs = elements(node) * shape_of_one(node.args[0])[-1]
    return {"mac": macs, "linear_bias": elements(node) if argument(node, 2) is not None else 0}


def product(node: fx.Node) -> Quantities:
    return {"mac": elements(node) * shape_of_one(node.args[0])[-1]}


def biased_product(node: fx.Node) -> Quantities:
    return {"mac": elements(node) * shape_of_one(node.args[1])[-1], "linear_bias": elements(node)}


def attention(node: fx.Node) -> Quantities:
    """q·kᵀ and the weights times v; the softmax between them is not counted by any convention."""
    *batch, queries, width = shape_of_one(node.args[0])
    keys = shape_of_one(node.args[1])[-2]
    return {"mac": prod(batch) * queries * keys * (width + shape_of_one(node.args[2])[-1])}


def summed_product(node: fx.Node) -> Quantities:
    """An einsum of two tensors: the sizes of all its indices multiplied; of others, or with an ellipsis, not known."""
    equation, tensors = node.args[0], node.args[1]
    assert isinstance(equation, str)
    assert isinstance(tensors, (list, tuple))
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    if len(terms) != 2 or "." in equation:
        return {}
    sizes = {index: size for term, one in zip(terms, tensors) for index, size in zip(term, shape_of_one(one))}
    return {"mac": prod(sizes.values())}


def outputs(name: str) -> Rule:
    return lambda node: {name: elements(node)}


def inputs(name: str) -> Rule:
    return lambda node: {name: elements(node.args[0])}


def nothing(_: fx.Node) -> Quantities:
    return {}


RULES: dict[str, Rule] = {
    "convolution": convolution,
    "linear": linear,
    "product": product,
    "biased product": biased_product,
    "einsum": summed_product,
    "attention": attention,
    "norm": inputs("norm"),
    "relu": outputs("relu"),
    "pool": inputs("pool_input"),
    "adaptive pool": inputs("adaptive_pool_input"),
    "nothing": nothing,  # elementwise arithmetic, which no convention counts
}
MOVING = names("moves", "joins", "parts", "pads", "blanks", "writes", "chooses")  # nor movement of data


def rule_of(name: str) -> Rule | None:
    """How an operation is counted, or None where that is not known."""
    op = OPERATIONS.get(name)
    if op is None or not op.counts:
        return nothing if name in MOVING else None
    return RULES[op.counts]
