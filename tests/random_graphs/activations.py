"""Activations in every form that a program can write them: modules, functions, methods, in place, shared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .program import Builder

RELUS: list[Callable[[Tensor], Tensor]] = [
    F.relu, torch.relu, Tensor.relu, partial(torch.clamp, min=0), partial(Tensor.clamp_min, min=0),
    partial(Tensor.clip, min=0.0),
    partial(F.threshold, threshold=0, value=0), lambda x: torch.maximum(x, torch.zeros_like(x)),
    lambda x: torch.maximum(torch.zeros(()).to(x), x),
]  # fmt: skip
CLIPS: list[Callable[[Tensor], Tensor]] = [
    F.relu6, partial(F.hardtanh, min_val=0.0, max_val=1.0), partial(torch.clamp, min=0, max=2),
    partial(Tensor.clamp, min=0.0, max=1.5),
]  # fmt: skip
IN_PLACE: list[Callable[[Tensor], Tensor]] = [
    Tensor.relu_,
    partial(F.relu, inplace=True),
    partial(Tensor.clamp_, min=0),
]
OTHERS: list[Callable[[Tensor], Tensor]] = [
    F.gelu, partial(F.gelu, approximate="tanh"), F.silu, F.hardswish, torch.sigmoid, Tensor.sigmoid, torch.tanh, F.elu,
    F.selu, F.celu, F.softplus, F.mish, F.hardsigmoid, F.softsign, F.logsigmoid, F.hardshrink, F.softshrink,
    partial(F.leaky_relu, negative_slope=0.2), partial(torch.clamp, min=-1, max=1), lambda x: x * torch.sigmoid(x),
    lambda x: x / (1 + x.abs()), lambda x: x * F.relu6(x + 3) / 6, lambda x: x.abs(),
    lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5)), lambda x: F.leaky_relu_(x, 0.1), lambda x: F.rrelu(x, 0.1, 0.3),
]  # fmt: skip
MODULES: list[Callable[[], nn.Module]] = [
    nn.ReLU, nn.ReLU, nn.ReLU, partial(nn.ReLU, inplace=True), partial(nn.ReLU, inplace=True),
    nn.ReLU6, partial(nn.ReLU6, inplace=True), partial(nn.Hardtanh, 0.0, 3.0), partial(nn.Threshold, 0.0, 0.0),
]  # fmt: skip
OTHER_MODULES: list[Callable[[], nn.Module]] = [
    nn.LeakyReLU, partial(nn.LeakyReLU, 0.3, inplace=True), nn.PReLU, nn.GELU, nn.SiLU, partial(nn.SiLU, inplace=True),
    nn.Hardswish, nn.ELU, nn.Tanh, nn.Sigmoid, nn.Mish, nn.Softplus, nn.Hardtanh, nn.CELU, nn.SELU, nn.Softsign,
    nn.Hardsigmoid, nn.RReLU,
]  # fmt: skip


def relu(b: Builder, x: int) -> int:
    """A ReLU or a clip with its floor at 0."""
    kind = b.random.random()
    if kind < 0.45:
        modules = MODULES[:3] if b.exact else MODULES
        return again(b, x) if b.chance(0.4) else b.module(b.choose(modules)(), x, reference="activation")
    if kind < 0.6 and not b.exact:
        return b.apply(b.choose(IN_PLACE), x)
    if kind < 0.7 and not b.exact:
        return b.apply(b.choose(CLIPS), x)
    return b.apply(b.choose(RELUS), x, reference="activation")


def again(b: Builder, x: int) -> int:
    """The one ReLU module that the whole network shares."""
    b.parts.setdefault("shared", nn.ReLU(inplace=not b.exact and len(b.steps) % 2 == 0))
    return b.apply("shared", x, reference="activation")


def other(b: Builder, x: int) -> int:
    """Any other elementwise activation."""
    if b.chance(0.5):
        return b.apply(b.choose(OTHERS), x)
    if b.chance(0.2):
        channels = b.shape(x)[0]
        prelu: Any = nn.PReLU(channels)
        prelu.weight.copy_(torch.rand(channels) - 0.3)
        return b.module(prelu, x)
    return b.module(b.choose(OTHER_MODULES)(), x)


def activation(b: Builder, x: int) -> int:
    """Any, where something rises above 0: a site that is always 0 is refused."""
    if float(b.values[x].max()) <= 0.05:
        return x
    return other(b, x) if not b.exact and b.chance(0.25) else relu(b, x)
