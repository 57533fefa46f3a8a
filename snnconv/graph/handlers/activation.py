"""Activations as modules where the source had a module; `passes.sites` finds the functional calls."""

from __future__ import annotations

import torch
from torch import nn

from ..activations import Activation, LearnedClip
from ..elementwise import ELEMENTWISE, Elementwise, elementwise_of
from .call import Call, raises

aten = torch.ops.aten
TRACKED = [getattr(aten, name).default for name in ELEMENTWISE if name not in {"softsign", "hardtanh", "clamp"}]


@raises(aten.relu.default)
def relu(call: Call) -> nn.Module | None:
    if call.traced_in(Activation):
        return Activation()
    return nn.ReLU() if call.traced_in(nn.ReLU) else None


@raises(aten.hardtanh.default)
def hardtanh(call: Call) -> nn.Module | None:
    if call.traced_in(nn.ReLU6):
        return nn.ReLU6()
    if call.traced_in(nn.Hardtanh) and call.fixed("min_val", "max_val"):
        return nn.Hardtanh(call.values["min_val"], call.values["max_val"])
    return elementwise(call)


@raises(aten.relu6.default)
def relu6(call: Call) -> nn.Module | None:
    return nn.ReLU6() if call.traced_in(nn.ReLU6) else None


@raises(aten.clamp.default, aten.clamp.Tensor)
def clamp(call: Call) -> nn.Module | None:
    """Only our own canonical clip was a module; a plain clamp stays a function, which is a site all the same."""
    kind = next((kind for kind in (Activation, LearnedClip) if call.traced_in(kind)), None)
    if kind is None:
        return elementwise(call)
    per_channel = "max" in call.tensors
    return kind(torch.empty(call.shape("max"), device="meta") if per_channel else call.values["max"])


@raises(*TRACKED, aten.div.Tensor)
def elementwise(call: Call) -> nn.Module | None:
    """SiLU, GELU, … with their settings; the weight of a PReLU comes from the program."""
    if not call.traced_in(Elementwise, *ELEMENTWISE.values()):
        return None
    tensors = {name: nn.Parameter(torch.empty(call.shape(name), device="meta")) for name in call.tensors}
    return elementwise_of(call.target, call.values, tensors)
