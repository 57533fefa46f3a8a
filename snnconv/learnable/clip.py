"""`clip`: the plain learnable clip of the SDM paper."""

from __future__ import annotations

import torch
from torch import Tensor

from .registry import CLIPS, Clip


@CLIPS.register("clip")
class LearnableClip(Clip):
    """clip(x, 0, λ) with ∂/∂λ = 1 where x ≥ λ and 0 elsewhere, ∂/∂x = 1 where 0 < x < λ and 0 elsewhere.

    Source: You et al., IEEE TCDS 2024, Eq. 7; first in Ho & Chang, DAC 2021 (TCL).
    """

    def forward(self, x: Tensor) -> Tensor:
        return clipped(x, self.like(x))


def clipped(x: Tensor, ceiling: Tensor) -> Tensor:
    """clip(x, 0, ceiling), whose gradient at x = ceiling goes to the ceiling alone (torch.clamp would give it to x)."""
    return torch.where(x >= ceiling, ceiling, torch.relu(x))
