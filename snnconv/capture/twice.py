"""A quick look before the slow one: does the network run on inputs of twice the size at all?

With fake tensors of plain sizes, which compute nothing. A flatten before a Linear, the positions of a ViT or an
assertion fail at once, where an export with free sizes would first follow them through the whole network.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree as pytree

from .capture import evaluating, first_line
from .frozen_clips import settled
from .guards import said_at
from .refused import muted_export_log
from .swapped import swapped
from .watching import line_of

# By the input's rank: the dimensions that are doubled together, tried in turn. [B, C, H, W], [B, C, T, H, W] and
# [B, T, C, H, W], [B, C, L] and [B, L, C].
DOUBLED: dict[int, list[tuple[int, ...]]] = {
    2: [(1,)],
    3: [(2,), (1,)],
    4: [(2, 3), (2,), (3,), (1,)],
    5: [(2, 3, 4), (3, 4), (2,), (1,)],
}
SEQUENCES = {2, 3}


def fails_at_twice(model: nn.Module, inputs: tuple[Any, ...]) -> str:
    """What the model says of inputs of twice the size; "" where it takes some dimension doubled, or one more."""
    ranks = {leaf.dim() for leaf in pytree.tree_leaves(inputs) if isinstance(leaf, Tensor)} & DOUBLED.keys()
    said = ""
    for grow in (twice, one_more) if ranks <= SEQUENCES else (twice,):
        for number in range(max((len(DOUBLED[rank]) for rank in ranks), default=0)):
            dims = {rank: DOUBLED[rank][min(number, len(DOUBLED[rank]) - 1)] for rank in ranks}
            error = error_of(model, grown(inputs, dims, grow))
            if error is None:
                return ""
            said = said or first_line(error).rstrip(".") + said_at(line_of(error.__traceback__))
    return said or "none of its dimensions can be another"


def twice(size: int) -> int:
    return 2 * size


def one_more(size: int) -> int:
    """Where there are positions for a longest sequence, twice this one may be too long."""
    return size + 1


def grown(inputs: tuple[Any, ...], dims: dict[int, tuple[int, ...]], grow: Callable[[int], int]) -> tuple[Any, ...]:
    """Inputs of these sizes, of no values."""

    def grown_leaf(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        along = dims.get(leaf.dim(), ())
        shape = [grow(size) if d in along else size for d, size in enumerate(leaf.shape)]
        return torch.empty(shape, dtype=leaf.dtype, device="meta")

    return pytree.tree_map(grown_leaf, inputs)


def error_of(model: nn.Module, inputs: tuple[Any, ...]) -> Exception | None:
    """What the model raises on inputs of these shapes."""
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    device = next(itertools.chain(model.parameters(), model.buffers()), torch.zeros(())).device

    def shaped(leaf: Any) -> Any:
        return torch.empty(leaf.shape, dtype=leaf.dtype, device=device) if isinstance(leaf, Tensor) else leaf

    with evaluating(model), settled(model), muted_export_log():
        try:
            with mode, swapped(model, mode.from_tensor):
                model(*pytree.tree_map(shaped, inputs))
        except Exception as error:  # a forward raises whatever it likes
            return error
    return None
