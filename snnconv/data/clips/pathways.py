"""One clip for several pathways of a network."""

from __future__ import annotations

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
