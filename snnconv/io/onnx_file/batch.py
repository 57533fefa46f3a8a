"""Frees the batch size that a file has written into its reshapes.

The network is run on shapes alone, with the file's batch and with three times as many. Wherever the larger run comes to
a reshape with constant sizes, it is plain which dimension of the input has grown, and so which entry of the target has
to grow with it: the one whose step through memory ends where that dimension's does.
"""

from __future__ import annotations

import itertools
import math
import operator

import numpy as np
import torch
from torch import Tensor

from .graph import Value
from .network import OnnxNetwork, Step
from .ops.shape import Reshape, sizes

FACTOR = 3
Shapes = list[tuple[int, ...]]


def free_batch(network: OnnxNetwork, shapes: Shapes, batch: int) -> None:
    """Let the reshapes of `network` follow the batch. What cannot be followed is left, for the trial to find.

    Args:
        shapes: of one sample for each input.
        batch: the size that the file fixes.
    """
    small = network.values(meta_inputs(network, shapes, batch))
    large = network.values(meta_inputs(network, shapes, batch * FACTOR))
    state = network.on_meta()
    for step in network.steps:
        if isinstance(step.function, Reshape) and np.array_equal(
            target := np.asarray(small[step.inputs[1]]), np.asarray(large[step.inputs[1]])
        ):  # a target computed from the input's shape has grown by itself
            step.function.batch = grown(small[step.inputs[0]], large[step.inputs[0]], target, step, batch)
        for values in (small, large):
            state.run(step, values)


def meta_inputs(network: OnnxNetwork, shapes: Shapes, batch: int) -> tuple[Tensor, ...]:
    """Inputs without numbers."""
    return tuple(
        torch.empty(batch, *shape, dtype=getattr(torch, entry.dtype), device="meta")
        for shape, entry in zip(shapes, network.inputs)
    )


def grown(small: Value, large: Value, target: np.ndarray, step: Step, batch: int) -> tuple[int, int, int] | None:
    """Which entry of the target grows with which dimension; None where none has to.

    A dimension of size n, with p entries behind it in memory, spans n·p. The batch is the slowest part of it, and
    stands in the target where an entry's span is the same; or it is the fastest part, where sequences come first. What
    is taken for the wrong one does not get past the comparison of three samples with three runs.
    """
    if small.shape == large.shape or not isinstance(step.function, Reshape):
        return None
    axis = next(i for i, (few, many) in enumerate(zip(small.shape, large.shape)) if few != many)
    wanted = sizes(target)
    kept = step.function.keeps_zeros
    fixed = [int(small.shape[i]) if kept and size == 0 else size for i, size in enumerate(wanted)]
    if -1 in fixed:
        rest = -math.prod(fixed)
        fixed[fixed.index(-1)] = math.prod(small.shape) // rest if rest else 0
    span = math.prod(small.shape[axis:])
    places = [i for i in range(len(fixed)) if math.prod(fixed[i:]) == span]
    if not places:
        return None
    size = int(small.shape[axis])
    place = next((i for i in places if fixed[i] == batch), places[0])
    if fixed[place] != batch:
        behind = [int(length) for length in small.shape[axis + 1 :]]
        ends = [j for j in range(place, len(fixed)) if fixed[j] == batch and math.prod(fixed[place : j + 1]) == size]
        if ends:
            place = ends[0]  # the batch was the fastest part of the dimension: [L·1, E] → [L, 1, E]
        elif place and fixed[place] in itertools.accumulate(behind, operator.mul):
            place -= 1  # whole dimensions behind the batch stay together: [L, 1, E] → [L·1, E]
    adapts = wanted[place] in (-1, 0)
    return None if adapts else (place, axis, size)
