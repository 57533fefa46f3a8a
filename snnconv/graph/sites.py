"""One canonical module per activation and max-pooling call site, at a name from the source model."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

from ..errors import UnsupportedModelError
from .activations import Activation, constant, match_activation
from .composed import Composed
from .elementwise import CANDIDATES, INPUTS, Elementwise, elementwise_of
from .graphs import attribute, free_name, graph_pass, is_inside, put_module, value_of
from .handlers.call import bind
from .handlers.pooling import MAX_POOLS, max_pool_module
from .names import name_of
from .runs import Run, find_runs
from .stack import name_of_class, path_around
from .time_varying import batch_dims, batch_symbols

MAX_POOL_MODULES = (
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip


@graph_pass
def name_sites(graph_module: fx.GraphModule) -> fx.GraphModule:
    """Give every activation call its own `Activation` and every max-pooling call its own `nn.MaxPool`.

    The site is named after the module called (`layer1.0.relu`, `layer1.0.relu#2` for a second call), a function after
    the module it was called in and the operation (`layer1.0.relu` for F.relu in `layer1.0`). What does not depend on
    the input, as a function of weights alone, is not a site. An activation that is spelled out in several operations is
    one site, named as what it is (`layer1.0.silu` for `x * torch.sigmoid(x)`).
    """
    seen: set[str] = set()
    symbols = batch_symbols(graph_module.graph)
    runs = find_runs(graph_module)
    hidden = {node for run in runs.values() for node in run.hidden}
    replaced: dict[fx.Node, fx.Node] = {}  # what a run reads may have become a site
    for node in list(graph_module.graph.nodes):
        run = runs.get(node)
        found = (run.source, run.module) if run is not None else site_at(graph_module, node)
        if found is None or node in hidden or not depends_on_batch(node, symbols):
            continue
        source, module = found
        path = site_name(graph_module, node, seen, run)
        require_apart(graph_module, path, seen)
        seen.add(path)
        put_module(graph_module, path, module)
        with graph_module.graph.inserting_before(node):
            call = graph_module.graph.call_module(path, (replaced.get(source, source),))
        call.meta = {**node.meta, "nn_module_stack": stack_with(node, path, module)}
        for value in values_of(node):
            call.meta["val"] = value_of(value)
            value.replace_all_uses_with(call)
            replaced[value] = call
        for user in list(node.users):
            graph_module.graph.erase_node(user)
        graph_module.graph.erase_node(node)
    return graph_module


def require_apart(graph_module: fx.GraphModule, path: str, others: set[str]) -> None:
    """A site is one operation: no module is below it, whatever a file says.

    Raises:
        UnsupportedModelError: one is.
    """
    held = [name for name, _ in graph_module.named_modules() if name != path and is_inside(name, path)]
    held += [other for other in others if is_inside(path, other) and path != other]
    if held:
        raise UnsupportedModelError(
            f"{path} and {held[0]} stand inside each other, and one of them is a single operation",
            remedy="export the network again from its source",
        )


def site_at(graph_module: fx.GraphModule, node: fx.Node) -> tuple[Any, nn.Module] | None:
    """What the node reads and the module of the activation or max pooling that it is, or None.

    Whole numbers, as words that are kept within a table, are not activations.
    """
    value = value_of(node)
    if isinstance(value, torch.Tensor) and not value.is_floating_point():
        return None
    if node.op == "call_module" and isinstance(site := graph_module.get_submodule(str(node.target)), Composed):
        return node.args[0], site
    if (match := match_activation(graph_module, node)) is not None:
        return match.input, match.site()
    if (activation := elementwise_at(graph_module, node)) is not None:
        return node.args[0], activation
    pool = max_pool_at(graph_module, node)
    return None if pool is None else (node.args[0], pool)


def values_of(node: fx.Node) -> list[fx.Node]:
    """The node itself; the values it returns, where it returns indices beside them (which nothing reads)."""
    if isinstance(value_of(node), torch.Tensor):
        return [node]
    return [user for user in node.users if user.args[1] == 0]


def depends_on_batch(node: fx.Node, symbols: set[object]) -> bool:
    return any(batch_dims(value, symbols) for value in values_of(node))


def stack_with(node: fx.Node, path: str, module: nn.Module) -> dict[str, tuple[str, str]]:
    """The recorded module stack with the site's own module on top: torch.export hands it on, so that a saved canonical
    program raises to the same sites."""
    stack = node.meta.get("nn_module_stack") or {}
    return {**stack, f"site {path}": (path, name_of_class(type(module)))}


def elementwise_at(graph_module: fx.GraphModule, node: fx.Node) -> Elementwise | None:
    """The elementwise activation other than a ReLU or clip that `node` computes, or None."""
    if node.op == "call_module":
        module = graph_module.get_submodule(str(node.target))
        if isinstance(module, Elementwise):
            return Elementwise(module.operation, module.settings, module.tensors)
        is_clamp = isinstance(module, nn.Hardtanh)
        return Elementwise("clamp.default", {"min": module.min_val, "max": module.max_val}) if is_clamp else None
    call = bind(node, node.target, {}) if name_of(node) in CANDIDATES else None
    if call is None:
        return None
    read = {name: value for name, value in call.values.items() if isinstance(value, fx.Node) and name == "weight"}
    tensors = {
        name: attribute(graph_module, str(value.target)) for name, value in read.items() if value.op == "get_attr"
    }
    settings = {name: value if name in INPUTS else constant(graph_module, value) for name, value in call.values.items()}
    return elementwise_of(call.target, {**call.values, **settings}, tensors)


def max_pool_at(graph_module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """The max pooling that `node` computes, or None. Pools whose indices are read are not taken."""
    if node.op == "call_module":
        module = graph_module.get_submodule(str(node.target))
        return module if isinstance(module, MAX_POOL_MODULES) else None
    call = bind(node, node.target, {}) if node.target in MAX_POOLS else None
    return max_pool_module(call) if call else None


def site_name(graph_module: fx.GraphModule, node: fx.Node, seen: set[str], run: Run | None = None) -> str:
    """The first call of a module keeps its name; later calls and functions take the next free one."""
    if run is not None and run.path is not None:
        return run.path
    if node.op == "call_module" and run is None:
        target = str(node.target)
        return target if target not in seen else free_name(graph_module, target)
    inside = path_around(node)
    operation = str(node.target).split(".")[1] if "." in str(node.target) else str(node.target)
    operation = operation if run is None else run.name
    return free_name(graph_module, f"{inside}.{operation}" if inside else operation)


def clip_sites(graph_module: fx.GraphModule) -> dict[str, fx.Node]:
    """The activation sites of the ReLU family: where a clip can stand."""
    sites = activation_sites(graph_module)
    return {n: node for n, node in sites.items() if not graph_module.get_submodule(n).tracked}


def level_sites(graph_module: fx.GraphModule) -> set[str]:
    """The sites of quantised activations."""
    return {n for n in activation_sites(graph_module) if graph_module.get_submodule(n).levels is not None}


def channel_dim(graph_module: fx.GraphModule, node: fx.Node) -> int:
    """The dimension of a site that counts its channels: the one along which its own function differs; else 1, or −1 for
    [B, …, C] at a linear layer, or where the size of dimension 1 is free: that of a sequence."""
    shape = value_of(node).shape
    own = along(graph_module.get_submodule(str(node.target))) if node.op == "call_module" else None
    if own is not None:
        return 1 if own == 0 else -1
    if len(shape) < 3:
        return 1
    last = any(map(partial(is_linear, graph_module), neighbours(node))) or isinstance(shape[1], torch.SymInt)
    return -1 if last and not isinstance(shape[-1], torch.SymInt) else 1


def along(module: nn.Module) -> int | None:
    """The dimension of a sample along which an activation has functions of its own; None where it has one function."""
    ceiling = getattr(module, "ceiling", None)
    shape = module.shape if isinstance(module, Composed) else ceiling.shape if isinstance(ceiling, torch.Tensor) else ()
    return next((dim for dim, size in enumerate(shape) if size != 1), None)


def channels_in(graph_module: fx.GraphModule, node: fx.Node) -> tuple[int, ...]:
    """The shape in which one value per channel broadcasts against one sample: (−1, 1, 1), or (1, 1, −1)."""
    ones = [1] * (value_of(node).dim() - 2)
    return (*ones, -1) if channel_dim(graph_module, node) == -1 else (-1, *ones)


def channels_second(x: Tensor, dim: int) -> Tensor:
    """A site's values with the channels, which are at `dim`, as dimension 1: [B, C, …]. One value a sample, [B], is one
    channel, [B, 1]."""
    return x.movedim(dim, 1) if x.dim() > 1 else x[:, None]


def neighbours(node: fx.Node) -> list[fx.Node]:
    return [*node.all_input_nodes, *node.users]


def is_linear(graph_module: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return isinstance(graph_module.get_submodule(str(node.target)), nn.Linear)
    return name_of(node) == "linear"


def activation_sites(graph_module: fx.GraphModule) -> dict[str, fx.Node]:
    """Site name → call of its `Activation`, in execution order."""
    return {
        str(node.target): node
        for node in graph_module.graph.nodes
        if node.op == "call_module" and isinstance(graph_module.get_submodule(str(node.target)), Activation)
    }
