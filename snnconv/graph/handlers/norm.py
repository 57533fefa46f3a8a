"""BatchNorm, as exported and as decomposed."""

from __future__ import annotations

import torch
from torch import nn

from .call import Call, raises

aten = torch.ops.aten
BY_DIMENSIONS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@raises(aten.batch_norm.default, aten._native_batch_norm_legit_no_training.default)
def batch_norm(call: Call) -> nn.Module | None:
    if call.values.get("training") or not {"running_mean", "running_var"} <= set(call.tensors):
        return None  # statistics of the batch itself: the pre-flight refuses it
    affine = call.values["weight"] is not None
    if affine and not {"weight", "bias"} <= set(call.tensors):
        return None
    kind = BY_DIMENSIONS.get(len(call.shape(call.input)))
    if kind is None:
        return None
    (channels,) = call.shape("running_mean")
    return kind(channels, eps=call.values["eps"], momentum=call.values["momentum"], affine=affine, device="meta")
