"""A clip in equal stairs, with the gradients of the literature: the surrogate of what a neuron can reach."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def staircase(x: Tensor, step: Tensor, top: int) -> Tensor:
    """step · clip(⌊x/step + ½⌋, 0, top), with a straight-through floor.

    With q = ⌊x/step + ½⌋:  ∂/∂x = 1 where 0 ≤ q < top, else 0;
    ∂/∂step = q − x/step where 0 ≤ q < top, top where q ≥ top, 0 where q < 0.

    Computed in float32, whatever x is: in bfloat16 one of 64 stairs would be lost.

    Source: gradients of Bu et al., ICLR 2022 (QCFS), Eqs. 16 and 17, whose λ is top · step.
    """
    exact, height = x.float(), step.float()
    stairs = _Floor.apply(exact / height + 0.5)
    value = torch.where(stairs >= top, height * top, torch.where(stairs < 0, torch.zeros_like(exact), height * stairs))
    return value.to(x.dtype)


class _Floor(torch.autograd.Function):
    """⌊x⌋ forwards, the identity backwards; x + (⌊x⌋ − x).detach() would miss whole numbers by a rounding error."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.floor()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient
