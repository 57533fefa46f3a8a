"""Pooling layers as modules, where the source had a module."""

from __future__ import annotations

import operator

import torch
from torch import fx, nn

from .call import Call, as_tuple, raises

aten = torch.ops.aten
MAX = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
ADAPTIVE_MAX = {1: nn.AdaptiveMaxPool1d, 2: nn.AdaptiveMaxPool2d, 3: nn.AdaptiveMaxPool3d}
AVERAGE = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
ADAPTIVE = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
PLAIN = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "output_size")


def dimensions(call: Call) -> int:
    """Spatial dimensions by the operation's name: `max_pool2d_with_indices` → 2."""
    return int(call.target._schema.name.removesuffix("_with_indices")[-2])


MAX_POOLS = [
    aten.max_pool1d.default, aten.max_pool2d.default, aten.max_pool3d.default, aten.max_pool1d_with_indices.default,
    aten.max_pool2d_with_indices.default, aten.max_pool3d_with_indices.default, aten.adaptive_max_pool1d.default,
    aten.adaptive_max_pool2d.default, aten.adaptive_max_pool3d.default,
]  # fmt: skip


@raises(*MAX_POOLS)
def max_pool(call: Call) -> nn.Module | None:
    dims = dimensions(call)
    return max_pool_module(call) if call.traced_in(MAX[dims], ADAPTIVE_MAX[dims]) else None


def max_pool_module(call: Call) -> nn.Module | None:
    """The nn.MaxPool of an operation's arguments (an empty stride means the kernel's), or None where they are computed
    or the indices of the largest are read."""
    dims = dimensions(call)
    if not call.fixed(*PLAIN) or reads_indices(call.node):
        return None
    if "output_size" in call.values:
        size = as_tuple(call.values["output_size"], dims)
        return ADAPTIVE_MAX[dims](size if dims > 1 else size[0])
    kernel = as_tuple(call.values["kernel_size"], dims)
    stride = as_tuple(call.values["stride"] or kernel, dims)
    padding, dilation = as_tuple(call.values["padding"], dims), as_tuple(call.values["dilation"], dims)
    return MAX[dims](kernel, stride, padding, dilation, ceil_mode=call.values["ceil_mode"])


def reads_indices(node: fx.Node) -> bool:
    """Whether anything but the values of an operation that also returns indices is used."""
    parts = [user for user in node.users if user.target is operator.getitem]
    return any(part.args[1] != 0 and part.users for part in parts)


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
