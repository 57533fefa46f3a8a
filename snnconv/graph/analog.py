"""Which operations may stand between neurons as analog operators on running means: the policy table, and why.

Whatever is a function g of single samples has a form that is exact in the mean over time (`neurons.RunningMean`); what
follows multiplies real numbers at every step, so each of them is listed in the pre-flight with its cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from .codegen import new_graph
from .graphs import value_of
from .names import name_of
from .op import Analog, analog_kind
from .operations import is_random
from .quantities import rule_of
from .time_varying import size_at

WHY: dict[Analog, str] = {
    "norm": "statistics of the sample's own values",
    "softmax": "a ratio of exponentials",
    "attention": "products of values that both vary in time, and a softmax",
    "product": "a product of values that both vary in time",
    "gate": "a product of values that both vary in time, element by element",
    "function": "not affine, and no activation that a neuron tracks",
}


@dataclass(frozen=True)
class Operator:
    """An operation that can be taken of running means.

    Attributes:
        name: as in ATen. inputs: the tensors it reads, each once, in order. macs: of one sample in one step, where
            they can be counted.
        outputs: the nodes that hold what it computes, and which output each is: itself and None, or those of several
            outputs that are read.
    """

    name: str
    kind: Analog
    inputs: list[fx.Node]
    outputs: list[tuple[fx.Node, int | None]]
    macs: int | None


def operator_at(node: fx.Node, varying: set[fx.Node]) -> Operator | None:
    """The analog operator that a call can become, or None where its table or its arguments do not allow it.

    It must not draw random numbers, round, read or hand on whole numbers that depend on data, as indices (unless
    nothing reads them); and none of its settings may depend on the batch size.
    """
    name = name_of(node)
    kind = analog_kind(name)
    if kind is None or node.op != "call_function" or is_random(node) or node.kwargs.get("rounding_mode"):
        return None
    nodes = [leaf for leaf in pytree.arg_tree_leaves(*node.args, **node.kwargs) if isinstance(leaf, fx.Node)]
    read = [user for user in node.users if user.users]
    several = not isinstance(value_of(node), Tensor)
    outputs: list[tuple[fx.Node, int | None]] = [(node, None)]
    if several:
        outputs = [(value, part_of(value)) for value in read]
    made = [value_of(value) for value, _ in outputs]
    if not made or not all(isinstance(value, Tensor) and value.is_floating_point() for value in made):
        return None
    if any(not isinstance(value_of(leaf), Tensor) or is_mask(leaf, varying) for leaf in nodes):
        return None
    return Operator(name, kind, list(dict.fromkeys(nodes)), outputs, macs_of(node, kind))


def part_of(value: fx.Node) -> int:
    """Which of several outputs a node takes."""
    part = value.args[1]
    assert isinstance(part, int)
    return part


def is_mask(leaf: fx.Node, varying: set[fx.Node]) -> bool:
    """Whether a tensor varies in time and is of no real numbers, as x > 0."""
    return leaf in varying and not value_of(leaf).is_floating_point()


def macs_of(node: fx.Node, kind: str) -> int | None:
    """Multiply-accumulates of one sample: of products by the rules of the counter, one per element where a value is
    scaled or normalised (as BatchNorms are counted), else not known."""
    if kind in ("norm", "gate"):
        value = next(v for v in pytree.tree_leaves(value_of(node)) if isinstance(v, Tensor))
        source = value if kind == "gate" else value_of(node.all_input_nodes[0])
        return prod(size_at(size, 1) for size in source.shape)
    rule = rule_of(name_of(node))
    return rule(node).get("mac") if rule else None


def macs_at(call: fx.Node, operation: Operation, kind: str) -> int | None:
    """The same of an operation that has become a module, called here, at the sizes that hold here."""
    graph = new_graph()
    inputs = [graph.placeholder(f"input_{number}") for number in range(len(call.args))]
    for placeholder, source in zip(inputs, call.args, strict=True):
        assert isinstance(source, fx.Node)
        placeholder.meta = {"val": value_of(source)}
    args, kwargs = pytree.tree_map_only(Slot, lambda slot: inputs[slot.number], operation.arguments)
    node = graph.call_function(operation.target, tuple(args), kwargs)
    node.meta = {"val": value_of(call)}
    return macs_of(node, kind)


class Operation(torch.nn.Module):
    """A call of an operation as a module of its tensors, all other arguments fixed.

    Args:
        part: which of several outputs to return.
    """

    def __init__(self, node: fx.Node, inputs: list[fx.Node], part: int | None) -> None:
        super().__init__()
        slots = {source: Slot(number) for number, source in enumerate(inputs)}
        assert callable(node.target)
        self.target, self.part = node.target, part
        self.arguments = pytree.tree_map_only(fx.Node, slots.__getitem__, (list(node.args), dict(node.kwargs)))

    def forward(self, *tensors: Tensor) -> Tensor:
        args, kwargs = pytree.tree_map_only(Slot, lambda slot: tensors[slot.number], self.arguments)
        result = self.target(*args, **kwargs)
        return result if self.part is None else result[self.part]


@dataclass(frozen=True)
class Slot:
    """Where a tensor goes among the arguments."""

    number: int
