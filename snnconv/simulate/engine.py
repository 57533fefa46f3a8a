"""The time-chunked engine: `chunk` time steps at once with the time folded into the batch, state explicit.

chunk=1 is step by step (memory flat in T), chunk=T is layer by layer. Sums over time are taken one step after the other
whatever the chunk, so that results depend on it, and on the batch size, only where a library's kernel rounds the sum of
one row differently among another number of rows:

- never where sums are exact, as for dyadic weights and thresholds;
- on CPUs in float32 not from sixteen rows (chunk · B, and B before the first neurons) on: convolutions take another
  kernel for one row, matrix products for one to three on an AMD EPYC, for one to eight on an Intel Xeon;
- else in the last digits, by which a potential next to its threshold may fire a step earlier or later. Single images of
  CIFAR-10 through ResNet-20, T = 4, chunk 1, beside batches of 100: 4 spikes more in a million, and logits that differ
  by 5·10⁻³ in relative L2 (`auto`; 6·10⁻³ for `sdm`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from .split import TimeProgram

States = dict[str, Any]


@dataclass(frozen=True)
class Chunk:
    """What a chunk of time steps gave.

    Attributes:
        start: time steps before this chunk.
        leaves: each output leaf as [steps, B, …]; leaves that are not tensors as they are.
        state: {site: state} after the last step.
    """

    start: int
    steps: int
    leaves: list[Any]
    state: States


def simulate(
    program: TimeProgram,
    inputs: list[Any],
    T: int,
    chunk: int,
    state: States | None = None,
    *,
    keep: bool = True,
) -> Iterator[Chunk]:
    """Run T time steps on a constant input.

    Args:
        inputs: the flat input leaves, [B, …] each.
        state: {site: state} to continue from, left as it is; None starts afresh.
        keep: whether the last state is used.
    """
    values = program.prefix(*inputs)
    states: States = pytree.tree_map_only(Tensor, torch.clone, state or {})  # steps write into their state's memory
    for start in range(0, T, chunk):
        steps = min(chunk, T - start)
        leaves, states = program.body(states, steps, keep or start + steps < T, *values)
        yield Chunk(start, steps, [unfold(leaf, steps) for leaf in leaves], states)


def unfold(leaf: Any, steps: int) -> Any:
    return leaf.unflatten(0, (steps, -1)) if isinstance(leaf, Tensor) and leaf.dim() else leaf


def after(skipped: int, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks without the outputs of the first steps; later steps are counted from 0."""
    for part in chunks:
        cut = min(max(skipped - part.start, 0), part.steps)
        if cut < part.steps:
            leaves = [leaf[cut:] if isinstance(leaf, Tensor) and leaf.dim() else leaf for leaf in part.leaves]
            yield Chunk(part.start + cut - skipped, part.steps - cut, leaves, part.state)


def mean_over_time(chunks: Iterator[Chunk]) -> list[Any]:
    """The mean of every output leaf over all steps, [B, …]."""
    totals: list[Any] = []
    steps = 0
    for part in chunks:
        steps += part.steps
        totals = accumulate(totals, part)
    return [total / steps if isinstance(total, Tensor) else total for total in totals]


def accumulate(totals: list[Any], part: Chunk) -> list[Any]:
    """Add a chunk's outputs step by step, so that rounding does not depend on the chunk size."""
    for t in range(part.steps):
        at_t = [leaf[t] if isinstance(leaf, Tensor) and leaf.dim() else leaf for leaf in part.leaves]
        if not totals:
            totals = [value.float() if isinstance(value, Tensor) else value for value in at_t]
        else:
            totals = [
                total + value if isinstance(value, Tensor) else value for total, value in zip(totals, at_t, strict=True)
            ]
    return totals


def running_means(chunks: Iterator[Chunk]) -> tuple[list[Any], States]:
    """For every output leaf the mean of the first t steps, [T, B, …]; and the final state."""
    means: list[list[Any]] = []
    totals: list[Any] = []
    state: States = {}
    for part in chunks:
        state = part.state
        for t in range(part.steps):
            step = Chunk(part.start + t, 1, [_row(leaf, t) for leaf in part.leaves], part.state)
            totals = accumulate(totals, step)
            means.append([_mean(total, step.start + 1) for total in totals])
    stacked = [torch.stack(list(leaf)) if isinstance(leaf[0], Tensor) else leaf[0] for leaf in zip(*means)]
    return stacked, state


def _row(leaf: Any, t: int) -> Any:
    return leaf[t : t + 1] if isinstance(leaf, Tensor) and leaf.dim() else leaf


def _mean(total: Any, steps: int) -> Any:
    return total / steps if isinstance(total, Tensor) else total
