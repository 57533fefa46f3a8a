"""One canonical module per activation and max-pooling call site, at a name from the source model."""

from __future__ import annotations

import torch
from torch import fx, nn

from ..activations import Activation, match_activation
from ..graphs import free_name, graph_pass, put_module
from ..handlers.call import bind
from ..handlers.pooling import max_pool_module

aten = torch.ops.aten
MAX_POOLS: dict[object, int] = {aten.max_pool1d.default: 1, aten.max_pool2d.default: 2, aten.max_pool3d.default: 3}
MAX_POOL_MODULES = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


@graph_pass
def name_sites(graph_module: fx.GraphModule) -> fx.GraphModule:
    """Give every activation call its own `Activation` and every max-pooling call its own `nn.MaxPool`.

    The site is named after the module called (`layer1.0.relu`, `layer1.0.relu#2` for a second call), a function after
    the module it was called in and the operation (`layer1.0.relu` for F.relu in `layer1.0`).
    """
    seen: set[str] = set()
    for node in list(graph_module.graph.nodes):
        match = match_activation(graph_module, node)
        module = match.site() if match else max_pool_at(graph_module, node)
        if module is None:
            continue
        source = match.input if match else node.args[0]
        path = site_name(graph_module, node, seen)
        seen.add(path)
        put_module(graph_module, path, module)
        with graph_module.graph.inserting_before(node):
            call = graph_module.graph.call_module(path, (source,))
        call.meta = {**node.meta, "nn_module_stack": stack_with(node, path, module)}
        node.replace_all_uses_with(call)
        graph_module.graph.erase_node(node)
    return graph_module


def stack_with(node: fx.Node, path: str, module: nn.Module) -> dict[str, tuple[str, str]]:
    """The recorded module stack with the site's own module on top: torch.export hands it on, so that a saved canonical
    program raises to the same sites."""
    kind = type(module)
    stack = node.meta.get("nn_module_stack") or {}
    return {**stack, f"site {path}": (path, f"{kind.__module__}.{kind.__qualname__}")}


def max_pool_at(graph_module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """The max pooling that `node` computes, or None. Pools that also return indices are not taken."""
    if node.op == "call_module":
        module = graph_module.get_submodule(str(node.target))
        return module if isinstance(module, MAX_POOL_MODULES) else None
    dims = MAX_POOLS.get(node.target)
    call = bind(node, node.target, {}) if dims else None
    return max_pool_module(call, dims) if call and dims and call.fixed("kernel_size", "stride") else None


def site_name(graph_module: fx.GraphModule, node: fx.Node, seen: set[str]) -> str:
    """The first call of a module keeps its name; later calls and functions take the next free one."""
    if node.op == "call_module":
        target = str(node.target)
        return target if target not in seen else free_name(graph_module, target)
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    inside = stack[-1][0] if stack else ""
    operation = str(node.target).split(".")[1] if "." in str(node.target) else str(node.target)
    return free_name(graph_module, f"{inside}.{operation}" if inside else operation)


def activation_sites(graph_module: fx.GraphModule) -> dict[str, fx.Node]:
    """Site name → call of its `Activation`, in execution order."""
    return {
        str(node.target): node
        for node in graph_module.graph.nodes
        if node.op == "call_module" and isinstance(graph_module.get_submodule(str(node.target)), Activation)
    }
