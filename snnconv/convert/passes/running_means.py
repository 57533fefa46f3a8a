"""Operations that are not affine in what varies in time become functions of running means."""

from __future__ import annotations

from collections.abc import Collection

from torch import fx

from ...graph.analog import Operation, operator_at
from ...graph.graphs import free_name, graph_pass, put_module
from ...graph.operations import is_affine
from ...graph.places import site_of
from ...neurons import RunningMean


@graph_pass
def follow_means(graph_module: fx.GraphModule, varying: Collection[fx.Node]) -> fx.GraphModule:
    """A `RunningMean` in the place of every analog operator, at the place of the call in the source model.

    Its parameters, as the weight of a LayerNorm, stay where they are and are handed in.

    Args:
        varying: what varies in time.
    """
    varying = set(varying)
    for node in list(graph_module.graph.nodes):
        if node.op != "call_function" or node not in varying or is_affine(graph_module, node, varying):
            continue
        operator = operator_at(node, varying)
        if operator is None:
            continue  # the pre-flight has refused it
        for value, part in operator.outputs:
            path = free_name(graph_module, site_of(node))
            operation = Operation(node, operator.inputs, part)
            put_module(graph_module, path, RunningMean(operation, operator.name, operator.kind))
            with graph_module.graph.inserting_before(node):
                call = graph_module.graph.call_module(path, tuple(operator.inputs))
            call.meta = dict(value.meta)
            value.replace_all_uses_with(call)
            varying.add(call)
    return graph_module
