"""Which values of a network vary in time: those that depend on a neuron. The input itself is constant."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import fx

from .graphs import value_of
from .operands import carriers
from .operations import is_random


def varies_in_time(graph: fx.Graph, is_neuron: Callable[[fx.Node], bool]) -> set[fx.Node]:
    """Nodes downstream of a neuron, the neurons included. Sizes never vary, nor does what only has their shape."""
    varying: set[fx.Node] = set()
    for node in graph.nodes:
        if isinstance(value_of(node), (torch.SymInt, int)):
            continue
        if is_neuron(node) or any(source in varying for source in carriers(node)):
            varying.add(node)
    return varying


def constants(graph: fx.Graph) -> set[fx.Node]:
    """Nodes that depend on no input, nor on its size, and draw no random numbers: the same at every call."""
    found: set[fx.Node] = set()
    for node in graph.nodes:
        is_call = node.op in {"call_function", "call_module"} and not is_random(node)
        if node.op == "get_attr" or (is_call and found.issuperset(node.all_input_nodes)):
            found.add(node)
    return found


def batch_symbols(graph: fx.Graph) -> set[object]:
    """The free symbols that stand for the batch size: dimension 0 of the input tensors."""
    symbols: set[object] = set()
    for node in graph.nodes:
        value = value_of(node)
        if node.op == "placeholder" and isinstance(value, torch.Tensor) and value.dim():
            size = value.shape[0]
            if isinstance(size, torch.SymInt):
                symbols |= size.node.expr.free_symbols
    return symbols


def batch_dims(node: fx.Node, symbols: set[object]) -> list[int]:
    """The dimensions of the node's tensor whose size depends on the batch size."""
    value = value_of(node)
    shape = tuple(value.shape) if isinstance(value, torch.Tensor) else ()
    return [
        dim
        for dim, size in enumerate(shape)
        if isinstance(size, torch.SymInt) and size.node.expr.free_symbols & symbols
    ]


def size_at(size: int | torch.SymInt, batch: int) -> int:
    """A size for a given batch size."""
    if not isinstance(size, torch.SymInt):
        return int(size)
    expression = size.node.expr
    return int(str(expression.subs(dict.fromkeys(expression.free_symbols, batch))))
