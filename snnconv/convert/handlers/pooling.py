"""Pooling layers as modules, where the source had a module."""

from __future__ import annotations

import torch
from torch import nn

from .call import Call, as_tuple, raises

aten = torch.ops.aten
MAX = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
ADAPTIVE = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
PLAIN = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "output_size")


def dimensions(call: Call) -> int:
    """Spatial dimensions by the operation's name: `max_pool2d` → 2."""
    return int(call.target._schema.name[-2])


@raises(aten.max_pool1d.default, aten.max_pool2d.default, aten.max_pool3d.default)
def max_pool(call: Call) -> nn.Module | None:
    dims = dimensions(call)
    if not call.traced_in(MAX[dims]) or not call.fixed(*PLAIN):
        return None
    return max_pool_module(call, dims)


def max_pool_module(call: Call, dims: int) -> nn.Module:
    """The nn.MaxPool of an operation's arguments (an empty stride means the kernel's)."""
    kernel = as_tuple(call.values["kernel_size"], dims)
    stride = as_tuple(call.values["stride"] or kernel, dims)
    padding, dilation = as_tuple(call.values["padding"], dims), as_tuple(call.values["dilation"], dims)
    return MAX[dims](kernel, stride, padding, dilation, ceil_mode=call.values["ceil_mode"])


@raises(aten.avg_pool1d.default, aten.avg_pool2d.default, aten.avg_pool3d.default)
def avg_pool(call: Call) -> nn.Module | None:
    dims = dimensions(call)
    if not call.traced_in(AVERAGE[dims]) or not call.fixed(*PLAIN):
        return None
    kernel = as_tuple(call.values["kernel_size"], dims)
    stride = as_tuple(call.values["stride"] or kernel, dims)
    padding = as_tuple(call.values["padding"], dims)
    settings = {"ceil_mode": call.values["ceil_mode"], "count_include_pad": call.values["count_include_pad"]}
    if dims > 1:
        settings["divisor_override"] = call.values["divisor_override"]
    return AVERAGE[dims](kernel, stride, padding, **settings)


@raises(aten.adaptive_avg_pool1d.default, aten.adaptive_avg_pool2d.default, aten.adaptive_avg_pool3d.default)
def adaptive_avg_pool(call: Call) -> nn.Module | None:
    dims = dimensions(call)
    if not call.traced_in(ADAPTIVE[dims]) or not call.fixed("output_size"):
        return None
    return ADAPTIVE[dims](as_tuple(call.values["output_size"], dims))
