"""Rewrites of the graph before it is built: constants are computed, patterns put together, channels come first."""

from __future__ import annotations

import math

import numpy as np
from torch import nn

from ...errors import InputError
from .branches import inline_branches, refuse_branches
from .fuse import drop_unused, fuse
from .graph import Graph, Input, Node
from .ops import OPERATIONS
from .single import add_batch
from .unread import build

# A file may say "this constant, a thousand times over". What is computed must stay in proportion to what is there.
LARGEST_GROWTH = 4
SLACK = 2**22


def prepare(graph: Graph, single: bool = False) -> None:
    """All rewrites, in order. `graph` is changed.

    Args:
        single: the file is made for one sample, without a batch dimension.
    """
    inline_constants(graph)
    fold(graph)
    while inline_branches(graph):
        inline_constants(graph)
        fold(graph)
    drop_unused(graph)
    refuse_branches(graph)
    if single:
        add_batch(graph)
    know_shapes(graph)
    fuse(graph)
    absorb_transposes(graph)


def inline_constants(graph: Graph) -> None:
    """`Constant` nodes become entries of the graph's constants."""
    kept = []
    for node in graph.nodes:
        values = [value for name, value in node.attributes.items() if name.startswith("value")]
        if node.op != "Constant" or len(values) != 1 or isinstance(values[0], (str, bytes)):
            kept.append(node)
            continue
        array = np.asarray(values[0])
        graph.constants[node.outputs[0]] = (
            array.astype(np.float32) if array.dtype == np.float64 and not isinstance(values[0], np.ndarray) else array
        )
    graph.nodes[:] = kept


def fold(graph: Graph) -> None:
    """Compute what depends on constants alone.

    Raises:
        InputError: that would be far more than the file holds, or cannot be computed.
    """
    budget = LARGEST_GROWTH * sum(array.size for array in graph.constants.values()) + SLACK
    kept = []
    for node in graph.nodes:
        if not is_foldable(node):
            kept.append(node)
            continue
        layer = build(node)
        if isinstance(layer.call, nn.Module):
            kept.append(node)
            continue
        arrays = [node.constants[node.inputs[index]] for index in layer.inputs]
        budget -= predicted_size(arrays, budget, node, graph)
        try:
            found = layer.call(*arrays)
        except Exception as error:
            raise InputError(
                f"the constant {node} in the ONNX file cannot be computed",
                got=f"{type(error).__name__}: {str(error)[:200]}",
                where=graph.where,
            ) from error
        results = found if isinstance(found, (list, tuple)) else [found]
        graph.constants.update({name: np.asarray(value) for name, value in zip(node.outputs, results) if name})
    graph.nodes[:] = kept


def is_foldable(node: Node) -> bool:
    given = [index for index in range(len(node.inputs)) if node.has(index)]
    return node.op in OPERATIONS and bool(given) and all(node.is_constant(index) for index in given)


def predicted_size(arrays: list[np.ndarray], budget: int, node: Node, graph: Graph) -> int:
    """At most this many entries come out: of what is broadcast, or joined."""
    try:
        broadcast = math.prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    except ValueError:
        broadcast = 0
    size = max(broadcast, sum(array.size for array in arrays))
    if size > budget:
        raise InputError(
            "the ONNX file asks for constants far larger than what it holds", got=str(node), where=graph.where
        )
    return size


def know_shapes(graph: Graph) -> None:
    for node in graph.nodes:
        node.input_shape = graph.shapes.get(node.inputs[0], ()) if node.inputs else ()


def absorb_transposes(graph: Graph) -> None:
    """An input that is only ever transposed from channels-last is taken as what comes out of that.

    TensorFlow's files begin so. Data sources, and every other network, have channels first.
    """
    for index, entry in enumerate(graph.inputs):
        users = [node for node in graph.nodes if entry.name in node.inputs]
        rank = len(entry.shape)
        to_channels_first = [0, rank - 1, *range(1, rank - 1)]
        if rank < 3 or entry.name in graph.outputs or not users:
            continue
        if any(node.op != "Transpose" or node.attributes.get("perm") != to_channels_first for node in users):
            continue
        back = (0, *range(2, rank), 1)
        graph.inputs[index] = Input(
            entry.name, tuple(entry.shape[axis] for axis in to_channels_first), entry.dtype, order=back
        )
        turned = {node.outputs[0]: entry.name for node in users}
        graph.nodes[:] = [node for node in graph.nodes if node.outputs[0] not in turned]
        for node in graph.nodes:
            node.inputs[:] = [turned.get(name, name) for name in node.inputs]
        graph.outputs[:] = [turned.get(name, name) for name in graph.outputs]
