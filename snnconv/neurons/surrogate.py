"""Spikes that can be trained through: a step forwards, the slope of a smooth step backwards.

    s = 1 if x ≥ 0 else 0;  ∂s/∂x := g'(x)

x is the potential's distance to the threshold, g a smooth step from 0 to 1. Source: Neftci, Mostafa & Zenke, IEEE
Signal Processing Magazine 36(6), 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ..errors import InputError

SurrogateName = Literal["atan", "sigmoid", "triangle", "rectangle"]
Curve = Callable[[Tensor, float], Tensor]


@dataclass(frozen=True)
class Surrogate:
    """A smooth step.

    Attributes:
        smooth: g(x, α), from 0 to 1. slope: g'(x, α).
        alpha: α, how steep; the default of those who use it.
    """

    smooth: Curve
    slope: Curve
    alpha: float


def _triangle(x: Tensor, alpha: float) -> Tensor:
    inside = (alpha * x).clamp(-1, 1)
    return 0.5 + inside - inside * inside.abs() / 2


SURROGATES: dict[SurrogateName, Surrogate] = {
    # Fang et al., ICCV 2021 (PLIF)
    "atan": Surrogate(
        lambda x, alpha: 0.5 + torch.atan(math.pi / 2 * alpha * x) / math.pi,
        lambda x, alpha: alpha / 2 / (1 + (math.pi / 2 * alpha * x).square()),
        2.0,
    ),
    "sigmoid": Surrogate(
        lambda x, alpha: torch.sigmoid(alpha * x),
        lambda x, alpha: alpha * torch.sigmoid(alpha * x) * torch.sigmoid(-alpha * x),
        4.0,
    ),
    # Esser et al., PNAS 113(41), 2016
    "triangle": Surrogate(_triangle, lambda x, alpha: alpha * (1 - (alpha * x).abs()).clamp(min=0), 1.0),
    # Wu et al., Frontiers in Neuroscience 12, 2018 (STBP), Eq. 18
    "rectangle": Surrogate(
        lambda x, alpha: (0.5 + alpha * x).clamp(0, 1),
        lambda x, alpha: alpha * ((alpha * x).abs() < 0.5).to(x.dtype),
        1.0,
    ),
}


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, slope: Curve, alpha: float) -> Tensor:
        return (x >= 0).to(x.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.slope, ctx.alpha = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        return grads[0] * ctx.slope(x, ctx.alpha), None, None


def fire(x: Tensor, surrogate: SurrogateName = "atan", alpha: float | None = None) -> Tensor:
    """Spikes 0 and 1 where x ≥ 0, in the type of x, with the surrogate's slope as their gradient.

    Raises:
        InputError: an unknown surrogate.
    """
    if surrogate not in SURROGATES:
        raise InputError("unknown surrogate", expected=", ".join(SURROGATES), got=repr(surrogate))
    kind = SURROGATES[surrogate]
    return _Fire.apply(x, kind.slope, kind.alpha if alpha is None else alpha)  # pyright: ignore[reportReturnType]
