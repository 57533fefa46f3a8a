"""Convolutions of one to three dimensions, forward and transposed."""

from __future__ import annotations

import torch
from torch import nn

from .call import Call, as_tuple, raises

aten = torch.ops.aten
FORWARD = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


@raises(aten.conv1d.default, aten.conv2d.default, aten.conv3d.default)
@raises(aten.conv1d.padding, aten.conv2d.padding, aten.conv3d.padding)
@raises(aten.conv_transpose1d.default, aten.conv_transpose2d.input, aten.conv_transpose3d.input)
@raises(aten.convolution.default)
def convolution(call: Call) -> nn.Module | None:
    if "weight" not in call.tensors or (call.values["bias"] is not None and "bias" not in call.tensors):
        return None
    settings = ("stride", "padding", "dilation", "groups")
    if not call.fixed(*settings, "output_padding"):
        return None
    shape = call.shape("weight")
    dims, groups = len(shape) - 2, int(call.values["groups"])
    spread = {name: as_tuple(call.values[name], dims) for name in ("stride", "dilation")}
    padding = call.values["padding"]
    common = {
        "kernel_size": shape[2:],
        "padding": padding if isinstance(padding, str) else as_tuple(padding, dims),
        "groups": groups,
        "bias": call.values["bias"] is not None,
        "device": "meta",
        **spread,
    }
    transposed = "transpose" in call.target.name() or bool(call.values.get("transposed", False))
    if transposed:
        output_padding = as_tuple(call.values["output_padding"], dims)
        return TRANSPOSED[dims](shape[0], shape[1] * groups, output_padding=output_padding, **common)
    return FORWARD[dims](shape[1] * groups, shape[0], **common)
