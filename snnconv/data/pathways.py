"""One clip for several pathways of a network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def slow_and_fast(x: Tensor, alpha: int) -> tuple[Tensor, Tensor]:
    """The slow pathway's frames and the fast one's, which are all.

    The slow pathway sees F/α of the F frames, from the first to the last at equal distances, as SlowFast
    (Feichtenhofer et al. 2019, arXiv:1812.03982) was trained.

    Args:
        x: [N, C, F, H, W], α divides F.

    Returns:
        ([N, C, F/α, H, W], [N, C, F, H, W])
    """
    frames = x.shape[2]
    return x.index_select(2, torch.linspace(0, frames - 1, frames // alpha).long()), x


def ratio_of(shapes: Sequence[tuple[int, ...]]) -> int | None:
    """α of a network with these inputs for one sample, where it has two pathways, the slow one first."""
    if len(shapes) != 2 or any(len(shape) != 4 for shape in shapes):
        return None
    slow, fast = (shape[1] for shape in shapes)
    return fast // slow if fast > slow and fast % slow == 0 else None


def pathways_in(shapes: Sequence[tuple[int, ...]], shape: tuple[int, ...] | tuple[tuple[int, ...], ...]) -> int | None:
    """α where a clip of one shape, (C, F, H, W), can be cut into the two pathways of the network."""
    ratio = ratio_of(shapes)
    frames = shape[1] if len(shape) == 4 else None
    return ratio if ratio and isinstance(frames, int) and frames % ratio == 0 else None
