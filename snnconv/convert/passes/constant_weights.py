"""Layers whose weights are computed from parameters alone become modules that hold the result.

As weights that are standardised, normed, masked or quantised at every call, and bare parameters: behind them BatchNorms
fold, quanta are absorbed and corrections act as on any other layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from ...graph.graphs import attribute, free_name, graph_pass, is_inside, put_module
from ...graph.handlers import RAISERS, bind
from ...graph.names import name_of
from ...graph.op import affine_op
from ...graph.places import site_of
from ...graph.time_varying import constants


@graph_pass
def hold_weights(graph_module: fx.GraphModule) -> fx.GraphModule:
    """Put a module in the place of each functional convolution or linear layer of constant weights."""
    fixed = constants(graph_module.graph)
    results: dict[fx.Node, Any] = {}
    for node in list(graph_module.graph.nodes):
        layer = layer_at(graph_module, node, fixed, results)
        if layer is None:
            continue
        path = free_name(graph_module, site_of(node))
        put_module(graph_module, path, layer)
        with graph_module.graph.inserting_before(node):
            call = graph_module.graph.call_module(path, (node.args[0],))
        call.meta = dict(node.meta)
        node.replace_all_uses_with(call)
        graph_module.graph.erase_node(node)
    drop_unread(graph_module, fixed)
    return graph_module


def layer_at(
    graph_module: fx.GraphModule, node: fx.Node, fixed: set[fx.Node], results: dict[fx.Node, Any]
) -> nn.Module | None:
    """The module of a functional layer of constant weights that reads something else, or None."""
    op = affine_op(name_of(node))
    call = bind(node, node.target, {}) if op is not None and op.kind == "layers" else None
    if call is None or call.target not in RAISERS or call.values.get("input") in fixed:
        return None
    read = {name: call.values[name] for name in ("weight", "bias") if isinstance(call.values.get(name), fx.Node)}
    if not set(read.values()) <= fixed:
        return None
    module = RAISERS[call.target](replace(call, tensors={name: name for name in read}))
    if not isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
        return None
    for name, source in read.items():
        value = computed(graph_module, source, results)
        setattr(module, name, nn.Parameter(value.detach().clone(memory_format=torch.contiguous_format), False))
    return module


def computed(graph_module: fx.GraphModule, node: fx.Node, results: dict[fx.Node, Any]) -> Any:
    """The value of a node that depends on no input, and of all before it, each computed once."""
    if node not in results:
        for source in node.all_input_nodes:
            computed(graph_module, source, results)
        args, kwargs = pytree.tree_map_only(fx.Node, results.__getitem__, (node.args, dict(node.kwargs)))
        if node.op == "get_attr":
            results[node] = attribute(graph_module, str(node.target))
            return results[node]
        function = graph_module.get_submodule(str(node.target)) if node.op == "call_module" else node.target
        assert isinstance(function, Callable)
        with torch.no_grad():
            results[node] = function(*args, **kwargs)
    return results[node]


def drop_unread(graph_module: fx.GraphModule, fixed: set[fx.Node]) -> None:
    """Delete the parameters that were read for such weights alone."""
    before = {str(node.target) for node in fixed if node.op == "get_attr"}
    graph_module.graph.eliminate_dead_code(is_impure_node=lambda node: node.op in {"placeholder", "output"})
    read = {str(node.target) for node in graph_module.graph.nodes if node.op in {"get_attr", "call_module"}}
    for target in before - read:
        if not any(is_inside(target, path) for path in read):
            owner, _, name = target.rpartition(".")
            delattr(graph_module.get_submodule(owner), name)
