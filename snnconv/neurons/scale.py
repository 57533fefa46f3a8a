"""The explicit quantum: turns spike counts into the activation's unit where no layer can absorb θ (residual adds)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .temporal import keep_float32


class Scale(nn.Module):
    """y = factor · x, or base + factor · x in one pass over memory where it feeds a residual add.

    Args:
        factor: θ, broadcastable to one sample: [] or [C, 1, 1], [C·H·W], ….
    """

    factor: Tensor

    def __init__(self, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor.detach().clone())

    def forward(self, x: Tensor, base: Tensor | None = None) -> Tensor:
        if base is None:
            return x * (self.factor.to(x.dtype) if x.is_floating_point() else self.factor)
        return torch.addcmul(base, x.to(base.dtype), self.factor.to(base.dtype))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Scale:
        return keep_float32(self, super()._apply, fn, recurse)

    def extra_repr(self) -> str:
        return f"{float(self.factor):.4g}" if self.factor.numel() == 1 else f"[{self.factor.numel()}]"
