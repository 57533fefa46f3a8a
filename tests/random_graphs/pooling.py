"""Poolings and resampling, as modules and as functions."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn import functional as F

from .. import reference as ref
from .program import LARGEST, Builder


def pooling(b: Builder, x: int) -> int | None:
    if not b.dims(x) or min(b.shape(x)[1:]) < 3:
        return None
    if b.exact:
        return exact(b, x)
    return b.choose([maximum, maximum, average, adaptive])(b, x)


def exact(b: Builder, x: int) -> int | None:
    """Windows of two, in two dimensions: their means are exact."""
    if b.dims(x) != 2:
        return None
    if b.chance(0.3):
        return b.module(nn.MaxPool2d(2), x, reference=ref.MaxPool(2))
    if b.chance(0.5):
        return b.apply(lambda v: F.avg_pool2d(v, 2), x, reference=ref.AvgPool(2))
    return b.module(nn.AvgPool2d(2), x, reference=ref.AvgPool(2))


def maximum(b: Builder, x: int) -> int:
    settings: dict[str, Any] = b.choose(
        [
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": 2, "padding": 1},
            {"kernel_size": 3, "stride": 1, "padding": 1},
            {"kernel_size": 2, "stride": 2, "ceil_mode": True},
            {"kernel_size": 2, "stride": 1, "dilation": 2},
        ]
    )
    return form(b, x, "MaxPool", "max_pool", settings)


def average(b: Builder, x: int) -> int:
    settings: dict[str, Any] = b.choose(
        [
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": 2, "padding": 1},
            {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False},
            {"kernel_size": 2, "stride": 2, "ceil_mode": True},
            {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
        ]
    )
    if b.dims(x) > 1 and b.chance(0.2):
        settings["divisor_override"] = 3
    return form(b, x, "AvgPool", "avg_pool", settings)


def adaptive(b: Builder, x: int) -> int:
    size = b.choose([1, 2, 3])
    kind = b.choose([("AdaptiveAvgPool", "adaptive_avg_pool"), ("AdaptiveMaxPool", "adaptive_max_pool")])
    return form(b, x, kind[0], kind[1], {"output_size": size})


def form(b: Builder, x: int, module: str, function: str, settings: dict[str, Any]) -> int:
    """A module or a function."""
    dims = b.dims(x)
    if b.chance(0.5):
        return b.module(getattr(nn, f"{module}{dims}d")(**settings), x)
    call = getattr(F, f"{function}{dims}d")
    return b.apply(lambda v: call(v, **settings), x)


def resampling(b: Builder, x: int) -> int | None:
    """Twice as large, or to a size of its own."""
    dims = b.dims(x)
    if not dims or b.values[x][0].numel() * 2**dims > LARGEST:
        return None
    if b.exact:
        return b.apply(lambda v: F.interpolate(v, scale_factor=2), x, reference=ref.doubled)
    smooth = {1: "linear", 2: "bilinear", 3: "trilinear"}[dims]
    if b.chance(0.3):
        return b.module(nn.Upsample(scale_factor=2, mode=b.choose(["nearest", smooth])), x)
    settings: dict[str, Any] = b.choose(
        [
            {"scale_factor": 2},
            {"size": [n + 1 for n in b.shape(x)[1:]]},
            {"scale_factor": 2, "mode": smooth, "align_corners": False},
            {"size": [3] * dims, "mode": smooth, "align_corners": True},
        ]
    )
    return b.apply(lambda v: F.interpolate(v, **settings), x)
