"""How many time steps fit at once into a memory budget."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import fx

from ..graph.graphs import value_of
from ..graph.time_varying import at_shapes, size_at

CPU_BUDGET = 80 * 2**20  # bytes; measured: small layers gain from more steps at once, large ones lose the caches
WHOLE_BUDGET = 512 * 2**20  # bytes; fused steps gain from every step more, as states are not written in between
ITEM = 4  # bytes of a float32
GPU_SHARE = 0.25  # of what is free
LIVE = 3  # a layer's input, its output and a temporary are alive at once


def largest_layer(graph: fx.Graph, shapes: Sequence[tuple[int, ...]] | None = None) -> int:
    """Elements per sample of the largest call: what it reads and what it makes.

    Args:
        shapes: of one sample of every input; None: those of the example.
    """
    with at_shapes(graph, shapes):
        sizes = {node: elements(node) for node in graph.nodes}
    return max((size + sum(map(sizes.__getitem__, node.all_input_nodes)) for node, size in sizes.items()), default=0)


def elements(node: fx.Node) -> int:
    value = value_of(node)
    if not isinstance(value, torch.Tensor) or node.op == "get_attr":
        return 0
    return prod(size_at(size, 1) for size in value.shape)


def budget(device: torch.device, whole: bool = False) -> int:
    """Bytes that a chunk may take; of networks of whole numbers, if their layers are `whole`."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free * GPU_SHARE)
    return WHOLE_BUDGET if whole else CPU_BUDGET


def fitting_chunk(per_sample: int, batch: int, T: int, device: torch.device, *, whole: bool = False) -> int:
    """The chunk, between 1 and T, whose largest layer stays within the budget, in as few chunks of even length."""
    bytes_per_step = max(1, per_sample * batch * ITEM * LIVE)
    largest = max(1, min(T, budget(device, whole) // bytes_per_step))
    return -(-T // -(-T // largest))
