"""Fully connected layers."""

from __future__ import annotations

import torch
from torch import nn

from .call import Call, raises


@raises(torch.ops.aten.linear.default)
def linear(call: Call) -> nn.Module | None:
    has_bias = call.values["bias"] is not None
    if "weight" not in call.tensors or (has_bias and "bias" not in call.tensors):
        return None
    shape = call.shape("weight")
    return nn.Linear(shape[1], shape[0], bias=has_bias, device="meta") if len(shape) == 2 else None
