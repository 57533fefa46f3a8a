"""The explicit quantum: turns spike counts into the activation's unit where no layer can absorb θ (residual adds)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from .temporal import keep_float32


class Scale(nn.Module):
    """y = factor · x.

    Args:
        factor: θ, broadcastable to one sample: [] or [C, 1, 1], [C·H·W], ….
    """

    factor: Tensor

    def __init__(self, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor.to(x.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Scale:
        return keep_float32(self, super()._apply, fn, recurse)

    def extra_repr(self) -> str:
        return f"{float(self.factor):.4g}" if self.factor.numel() == 1 else f"[{self.factor.numel()}]"
