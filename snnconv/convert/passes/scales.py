"""Quanta folded away: each `Scale` moves down the graph until a layer absorbs it, so that integers travel.

What cannot be absorbed (a residual add of two different quanta, the network's output) keeps one explicit `Scale`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ...graph.graphs import graph_pass, insert_module_after, module_calls, own_module
from ...graph.names import name_of
from ...graph.operands import operands
from ...neurons import Scale
from .absorb import absorb
from .scale_rules import even_along_free, passed_factor, shrink, whole_factor

JOINS = {"cat", "concat"}
SPLITS = {"split", "split_with_sizes", "chunk"}


@graph_pass
def fold_quanta(graph_module: fx.GraphModule) -> fx.GraphModule:
    work = [node for node, _ in module_calls(graph_module, Scale)]
    while work:
        scale = work.pop(0)
        for user in list(scale.users):
            work.extend(move_past(graph_module, scale, user))
    return graph_module


def move_past(graph_module: fx.GraphModule, scale: fx.Node, user: fx.Node) -> list[fx.Node]:
    """Let `user` read the spikes instead of the scaled spikes if it can; returns the scales made on its far side."""
    factor = factor_of(graph_module, scale)
    if user.op == "call_module":
        absorbed = absorb(graph_module.get_submodule(str(user.target)), factor)
        if absorbed is not None:
            own_module(graph_module, user, absorbed)
            user.replace_input_with(scale, scale.all_input_nodes[0])
            return []
    if name_of(user) in SPLITS:
        return move_past_split(graph_module, scale, user)
    if all(operand.role == "shape" for operand in operands(user) if operand.node is scale):
        user.replace_input_with(scale, scale.all_input_nodes[0])  # spikes have the same shape
        return []
    moved = joined_factor(graph_module, user) if name_of(user) in JOINS else passed_factor(graph_module, user, factor)
    if moved is None:
        return []
    for source in user.all_input_nodes:
        if is_scale(graph_module, source):
            user.replace_input_with(source, source.all_input_nodes[0])
    return [scaled_after(graph_module, user, str(scale.target), moved)]


def scaled_after(graph_module: fx.GraphModule, node: fx.Node, path: str, factor: Tensor) -> fx.Node:
    """Scale the value of `node` for all that read it."""
    after = insert_module_after(graph_module, node, path, Scale(factor))
    node.replace_all_uses_with(after, delete_user_cb=lambda other: other is not after)
    return after


def move_past_split(graph_module: fx.GraphModule, scale: fx.Node, user: fx.Node) -> list[fx.Node]:
    """Each part of a split takes its part of the factor along."""
    factor, source = factor_of(graph_module, scale), scale.all_input_nodes[0]
    parts = list(user.users)
    dim = user.args[2] if len(user.args) > 2 else user.kwargs.get("dim", 0)
    whole = whole_factor(scale, factor)
    if dim == 0 or whole is None or any(part.target is not operator.getitem for part in parts):
        return []
    if any(isinstance(leaf, fx.Node) for leaf in pytree.arg_tree_leaves(*user.args[1:])):
        return []
    assert isinstance(user.target, Callable)
    factors = user.target(whole, *user.args[1:], **user.kwargs)
    found = [factor if not factor.dim() else shrink(factors[part.args[1]][0]) for part in parts]
    moved = [f for part, f in zip(parts, found) if not f.dim() or even_along_free(part, f) is not None]
    if len(moved) < len(parts):
        return []
    user.replace_input_with(scale, source)
    return [scaled_after(graph_module, part, str(scale.target), f) for part, f in zip(parts, moved)]


def factor_of(graph_module: fx.GraphModule, scale: fx.Node) -> Tensor:
    module = graph_module.get_submodule(str(scale.target))
    assert isinstance(module, Scale)
    return module.factor


def is_scale(graph_module: fx.GraphModule, node: fx.Node) -> bool:
    return node.op == "call_module" and isinstance(graph_module.get_submodule(str(node.target)), Scale)


def joined_factor(graph_module: fx.GraphModule, user: fx.Node) -> Tensor | None:
    """The factor of a concatenation whose parts all carry one: theirs, concatenated along the same dimension."""
    parts, dim = user.args[0], user.args[1] if len(user.args) > 1 else 0
    if not isinstance(parts, (list, tuple)) or not isinstance(dim, int) or dim == 0:
        return None
    nodes = [part for part in parts if isinstance(part, fx.Node)]
    if not nodes or not all(is_scale(graph_module, node) for node in nodes):
        return None
    shapes = [node.meta["val"].shape[1:] for node in nodes]
    along = dim - 1 if dim > 0 else dim
    if any(isinstance(shape[along], torch.SymInt) for shape in shapes):
        return None
    factors = [factor_of(graph_module, node) for node in nodes]
    common = torch.broadcast_shapes(*(across(factor.shape, len(shapes[0]), along) for factor in factors))
    whole = [
        factor.expand(*common[:along], shape[along], *common[along:][1:]) for factor, shape in zip(factors, shapes)
    ]
    return shrink(torch.cat(whole, along))


def across(shape: torch.Size, rank: int, along: int) -> list[int]:
    """A factor's shape in `rank` dimensions, 1 in the one along which factors are joined."""
    sizes = [1] * (rank - len(shape)) + list(shape)
    sizes[along] = 1
    return sizes
