"""What each tensor among the arguments of a call is to its operation, as the table says (`graph.ops`)."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import fx
from torch.utils import _pytree as pytree

from .names import name_of, short_name
from .op import Role, affine_op, names
from .ops import TABLE as TABLE  # filled before anybody asks


class Operand(NamedTuple):
    """One tensor, or size, among the arguments of a call."""

    node: fx.Node
    role: Role


def operands(node: fx.Node) -> Iterator[Operand]:
    """All that a call reads, as often as it reads it; what has no row in the table is data."""
    if not isinstance(node.target, torch._ops.OpOverload):
        yield from (Operand(leaf, "data") for leaf in leaves(node.args, node.kwargs))
        return
    for value, role in with_roles(node.target, node.args, node.kwargs):
        yield from (Operand(leaf, role) for leaf in leaves(value))


def with_roles(
    target: torch._ops.OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Iterator[tuple[Any, Role]]:
    """Each argument of an operation with its role; sizes and settings have that of a shape."""
    op = affine_op(short_name(target))
    named = {**dict(zip((argument.name for argument in target._schema.arguments), args)), **kwargs}
    for argument, value in named.items():
        yield value, "data" if op is None else op.roles.get(argument, "shape")


def leaves(*values: Any) -> list[fx.Node]:
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, fx.Node)]


def carriers(node: fx.Node) -> list[fx.Node]:
    """The operands whose values the result depends on: all but those that lend a shape.

    Where output i is operand i, what takes it out depends on no other.
    """
    if node.target is operator.getitem and isinstance(source := node.args[0], fx.Node):
        parts = source.args[0] if source.args else None
        if name_of(source) in names("parts") and isinstance(parts, (list, tuple)):
            return leaves(parts[node.args[1]])  # type: ignore[index]
    return [operand.node for operand in operands(node) if operand.role != "shape"]
