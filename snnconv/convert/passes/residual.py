"""A quantum left at a residual add is applied by the add itself."""

from __future__ import annotations

import torch
from torch import fx

from ...graph.graphs import graph_pass, module_calls, value_of
from ...neurons import Scale

ADDS = {torch.ops.aten.add.Tensor}


@graph_pass
def fuse_residual_adds(graph_module: fx.GraphModule) -> fx.GraphModule:
    """base + (factor · x) → Scale(x, base), where the add is the only reader of the scaled value."""
    for node, _ in module_calls(graph_module, Scale):
        user = next(iter(node.users), None)
        base = other_term(user, node) if user is not None and len(node.users) == 1 else None
        if user is None or base is None:
            continue
        with graph_module.graph.inserting_before(user):
            fused = graph_module.graph.call_module(str(node.target), (node.args[0], base))
        fused.meta = dict(user.meta)
        user.replace_all_uses_with(fused)
        graph_module.graph.erase_node(user)
    return graph_module


def other_term(user: fx.Node, scaled: fx.Node) -> fx.Node | None:
    """The other term of a plain add of two tensors of one shape."""
    if user.target not in ADDS or user.kwargs.get("alpha", 1) != 1 or len(user.args) != 2:
        return None
    others = [term for term in user.args if term is not scaled]
    if len(others) != 1 or not isinstance(others[0], fx.Node):
        return None
    value, same = value_of(others[0]), value_of(scaled)
    is_tensor = isinstance(value, torch.Tensor) and isinstance(same, torch.Tensor)
    return others[0] if is_tensor and value.shape == same.shape and value.dtype == same.dtype else None
