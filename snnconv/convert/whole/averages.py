"""Average pools become sums, and what they divide by a quantum that the next layer takes into its weights."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...graph.graphs import free_name, graph_pass, insert_module_after, own_module, put_module, value_of
from ...graph.names import argument_of, name_of
from ...graph.time_varying import captured_size
from ...neurons import Scale
from ...neurons.whole import SumPool1d, SumPool2d, SumPool3d, sizes

SUMS = {1: SumPool1d, 2: SumPool2d, 3: SumPool3d}
AVERAGES = {kind: dims for dims, kind in enumerate((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), 1)}
ADAPTIVE = {
    kind: dims for dims, kind in enumerate((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), 1)
}


@graph_pass
def sum_averages(graph_module: fx.GraphModule) -> fx.GraphModule:
    """Every average over windows of one size: the sum, and a `Scale` of one over how many are summed.

    Adaptive pools and means over whole dimensions are of the size that the network was captured with; those whose
    windows differ in size stay as they are.
    """
    for node in list(graph_module.graph.nodes):
        if node.op == "call_module":
            found = of_module(graph_module.get_submodule(str(node.target)), node)
            if found is None:
                continue
            pool, divisor = found
            own_module(graph_module, node, pool)
        elif name_of(node) == "mean" and node.target is torch.ops.aten.mean.dim:
            divisor = one_over(averaged(node))
            arguments = (node.args[0], node.args[1], argument_of(node, "keepdim") or False)
            node.target, node.args, node.kwargs = torch.ops.aten.sum.dim_IntList, arguments, {}
        elif (found := of_function(node)) is not None:
            pool, divisor = found
            path = free_name(graph_module, f"{node.name}_sum")
            put_module(graph_module, path, pool)
            with graph_module.graph.inserting_before(node):
                call = graph_module.graph.call_module(path, (node.args[0],))
            call.meta = dict(node.meta)
            node.replace_all_uses_with(call)
            graph_module.graph.erase_node(node)
            node = call
        else:
            continue
        scaled = insert_module_after(graph_module, node, f"{node.name}_share", Scale(divisor))
        node.replace_all_uses_with(scaled, delete_user_cb=lambda user, own=scaled: user is not own)
    return graph_module


def fixes_sizes(graph_module: fx.GraphModule) -> bool:
    """Whether one of these sums is over a size that is free: its share then holds for one size alone."""
    for node in graph_module.graph.nodes:
        if node.op == "call_module":
            module = graph_module.get_submodule(str(node.target))
            dims = next((dims for kind, dims in ADAPTIVE.items() if isinstance(module, kind)), 0)
            over = value_of(node.all_input_nodes[0]).shape[-dims:] if dims else ()
        elif node.target is torch.ops.aten.mean.dim:
            over = [value_of(node.all_input_nodes[0]).shape[dim] for dim in argument_of(node, "dim")]
        elif name_of(node).startswith("adaptive_avg_pool"):
            over = value_of(node.all_input_nodes[0]).shape[2:]
        else:
            continue
        if any(isinstance(size, torch.SymInt) for size in over):
            return True
    return False


def one_over(count: int) -> Tensor:
    return torch.tensor(1 / count, dtype=torch.float64).float()


def averaged(node: fx.Node) -> int:
    shape = value_of(node.all_input_nodes[0]).shape
    return prod(captured_size(shape[dim]) for dim in argument_of(node, "dim"))


def of_module(module: nn.Module, node: fx.Node) -> tuple[nn.Module, Tensor] | None:
    for kind, dims in AVERAGES.items():
        if isinstance(module, kind):
            counts = getattr(module, "divisor_override", None)
            pads = module.count_include_pad or not any(sizes(module.padding))
            if not pads or module.ceil_mode:
                return None
            window = spread(module.kernel_size, dims)
            stride = spread(module.stride, dims) if module.stride is not None else window
            pool = summing(dims, window, stride, spread(module.padding, dims))
            return pool, one_over(counts or prod(window))
    for kind, dims in ADAPTIVE.items():
        if isinstance(module, kind):
            return of_adaptive(node, spread(module.output_size, dims), dims)
    return None


def of_function(node: fx.Node) -> tuple[nn.Module, Tensor] | None:
    name = name_of(node)
    dims = int(name[-2]) if name[-2:] in ("1d", "2d", "3d") else 0
    if name == f"adaptive_avg_pool{dims}d":
        return of_adaptive(node, spread(argument_of(node, "output_size"), dims), dims)
    if name != f"avg_pool{dims}d":
        return None
    padding = argument_of(node, "padding") or 0
    includes = argument_of(node, "count_include_pad")
    if argument_of(node, "ceil_mode") or (includes is False and any(sizes(padding))):
        return None
    window = spread(argument_of(node, "kernel_size"), dims)
    stride = spread(argument_of(node, "stride") or window, dims)
    divisor = argument_of(node, "divisor_override") if dims > 1 else None
    return summing(dims, window, stride, spread(padding, dims)), one_over(divisor or prod(window))


def of_adaptive(node: fx.Node, wanted: tuple[Any, ...], dims: int) -> tuple[nn.Module, Tensor] | None:
    sizes_in = [captured_size(size) for size in value_of(node.all_input_nodes[0]).shape[-dims:]]
    outputs = [size if out is None else out for size, out in zip(sizes_in, wanted)]
    if any(size % out for size, out in zip(sizes_in, outputs)):
        return None
    window = tuple(size // out for size, out in zip(sizes_in, outputs))
    return summing(dims, window, window, (0,) * dims), one_over(prod(window))


def summing(dims: int, window: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]) -> nn.Module:
    make: Callable[..., nn.Module] = SUMS[dims]
    return make(window, stride, padding) if dims > 1 else make(window[0], stride[0], padding[0])


def spread(value: Any, dims: int) -> tuple[Any, ...]:
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return values * dims if len(values) == 1 else values
