"""Dropout, which an eval-mode program keeps as an operation that does nothing."""

from __future__ import annotations

import torch
from torch import nn

from .call import Call, raises

KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@raises(torch.ops.aten.dropout.default)
@raises(torch.ops.aten.feature_dropout.default)
def dropout(call: Call) -> nn.Module | None:
    for kind in KINDS:
        if call.traced_in(kind) and not call.values["train"]:
            return kind(call.values["p"])
    return None
