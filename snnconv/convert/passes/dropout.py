"""Dropout does nothing at inference: take it out."""

from __future__ import annotations

import torch
from torch import fx, nn

from ...graph.graphs import graph_pass

aten = torch.ops.aten
MODULES = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
FUNCTIONS = {
    aten.dropout.default, aten.feature_dropout.default, aten.alpha_dropout.default, aten.feature_alpha_dropout.default,
}  # fmt: skip


@graph_pass
def drop_dropout(graph_module: fx.GraphModule) -> fx.GraphModule:
    for node in list(graph_module.graph.nodes):
        is_module = node.op == "call_module" and isinstance(graph_module.get_submodule(str(node.target)), MODULES)
        is_function = node.target in FUNCTIONS and not node.args[2]
        if is_module or is_function:
            node.replace_all_uses_with(node.args[0])
    return graph_module
