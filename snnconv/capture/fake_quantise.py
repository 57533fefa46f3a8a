"""torch's fake quantisation in plain operations: torch.export has no shapes for its own.

`torch.fake_quantize_per_tensor_affine` and `…_per_channel_affine` are
(clip(round(x · 1/s) + z, low, high) − z) · s, halves to the even number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def per_tensor(input: Tensor, scale: Any, zero_point: Any, quant_min: int, quant_max: int) -> Tensor:
    whole = (input * (1 / scale)).round() + zero_point
    return ((whole.clamp(quant_min, quant_max) - zero_point) * scale).to(input.dtype)


def per_channel(input: Tensor, scale: Tensor, zero_point: Tensor, axis: int, quant_min: int, quant_max: int) -> Tensor:
    shape = [-1 if dim == axis % input.dim() else 1 for dim in range(input.dim())]
    return per_tensor(input, scale.view(shape), zero_point.view(shape), quant_min, quant_max)


PLAIN: dict[Any, Callable[..., Any]] = {
    torch.fake_quantize_per_tensor_affine: per_tensor,
    torch.fake_quantize_per_channel_affine: per_channel,
}
