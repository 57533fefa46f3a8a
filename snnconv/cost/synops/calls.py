"""One call of the network as an ATen operation with its arguments by name, be it a module or a function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from ...graph.graphs import value_of
from ...graph.handlers import bind
from ...graph.names import name_of
from ...graph.op import Role
from ...graph.operands import operands as operands_of
from ...graph.operations import LINEAR_MODULES
from ...graph.time_varying import size_at


@dataclass(frozen=True)
class Call:
    """An operation of the graph.

    Attributes:
        name: as in ATen, without overload: "conv2d", also for an `nn.Conv2d`.
        values: its arguments by the names of the ATen schema; nodes stand for tensors that are computed.
    """

    node: fx.Node
    name: str
    values: dict[str, Any]

    @property
    def input(self) -> fx.Node:
        """The operand that a layer, a norm or a pooling reads."""
        return self.values["input"] if "input" in self.values else self.values["self"]

    @property
    def operands(self) -> list[fx.Node]:
        """All floating-point tensors among the arguments whose values it takes, not their shape alone."""
        return self.of("data", "choice", "factor", "fixed")

    def of(self, *roles: Role) -> list[fx.Node]:
        """The floating-point tensors of some roles; the arguments of a module are data."""
        return [operand.node for operand in operands_of(self.node) if operand.role in roles and is_float(operand.node)]


def call_of(graph_module: fx.GraphModule, node: fx.Node) -> Call:
    if node.op == "call_module":
        module = graph_module.get_submodule(str(node.target))
        if not isinstance(module, LINEAR_MODULES):
            return Call(node, type(module).__name__, {"input": node.args[0]})
        return Call(node, aten_name(module), {**vars(module), **module._parameters, "input": node.args[0]})
    bound = bind(node, node.target, {})
    values = bound.values if bound else dict(enumerate([*node.args, *node.kwargs.values()]))
    return Call(node, name_of(node), {str(name): value for name, value in values.items()})


def aten_name(module: nn.Module) -> str:
    """`adaptive_avg_pool2d` of an nn.AdaptiveAvgPool2d."""
    kind = next(kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn."))
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def is_float(node: fx.Node) -> bool:
    leaves = [leaf for leaf in pytree.tree_leaves(value_of(node)) if isinstance(leaf, Tensor)]
    return any(leaf.is_floating_point() for leaf in leaves)


def sizes(node: Any, batch: int = 1) -> tuple[int, ...]:
    """The shape of a node's tensor, or of a tensor, for a given batch size."""
    value = value_of(node) if isinstance(node, fx.Node) else node
    return tuple(size_at(size, batch) for size in value.shape) if isinstance(value, Tensor) else ()


def elements(node: Any) -> int:
    """Elements of one sample."""
    return prod(sizes(node))
