"""Where several values meet: residual branches, concatenations, gates, attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .activations import activation
from .layers import again, batch_norm, convolution
from .program import LARGEST, Builder

SUMS = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: 0.5 * a + b, lambda a, b: (a + b) * 0.25]  # NumPy too
MORE_SUMS = [
    lambda a, b: torch.add(a, b, alpha=0.7), lambda a, b: 0.3 * a + 0.7 * b, lambda a, b: a.add_(b),
    lambda a, b: torch.stack([a, b]).mean(0), lambda a, b: torch.stack((a, b), 1).sum(1),
    lambda a, b: torch.sub(a, b, alpha=2),
    lambda a, b: sum([a, b]), lambda a, b: torch.lerp(a, b, 0.3), lambda a, b: torch.maximum(a, b),
]  # fmt: skip


def residual(b: Builder, x: int) -> int | None:
    """A body of one to three layers that keeps the shape, and its input added."""
    y = x
    for _ in range(b.choose([1, 1, 2, 3])):
        y = (again(b, y) or y) if b.chance(0.25) else y
        y = convolution(b, y, keep_shape=True) or y
        if b.chance(0.4):
            y = batch_norm(b, y) or y
        if b.chance(0.6):
            y = activation(b, y)
    if b.shape(y) != b.shape(x):
        return y
    return merged(b, y, x)


def merged(b: Builder, y: int, x: int) -> int:
    function = b.choose(SUMS if b.exact else SUMS + MORE_SUMS)
    z = b.apply(function, y, x, reference=function)
    return activation(b, z) if b.chance(0.6) else z


def earlier(b: Builder, x: int) -> int | None:
    """A long way back: any value of the same shape."""
    fitting = b.others(x, lambda shape: shape == b.shape(x))
    return merged(b, x, b.choose(fitting)) if fitting else None


def joined(b: Builder, x: int) -> int | None:
    """Concatenated with earlier values of the same positions."""
    fitting = b.others(x, lambda shape: shape[1:] == b.shape(x)[1:])
    fitting = [n for n in fitting if b.values[n][0].numel() + b.values[x][0].numel() <= LARGEST]
    if not fitting:
        return None
    parts = [x, b.choose(fitting)]
    b.random.shuffle(parts)
    return b.apply(lambda *v: torch.cat(v, 1), *parts, reference=lambda *v: np.concatenate(v, 1))


def branches(b: Builder, x: int) -> int | None:
    """As in an Inception block: two or three ways that keep the positions, side by side."""
    if b.values[x][0].numel() * 3 > LARGEST:
        return None
    ways = [b.choose([lambda v: convolution(b, v, keep_shape=True) or v, lambda v: activation(b, v), lambda v: v])(x)
            for _ in range(b.choose([2, 3]))]  # fmt: skip
    ways = [way for way in ways if b.shape(way)[1:] == b.shape(x)[1:]]
    return b.apply(lambda *v: torch.cat(v, 1), *ways, reference=lambda *v: np.concatenate(v, 1))


class Gate(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(channels, 3), nn.Linear(3, channels)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        squeezed = x.flatten(2).mean(2) if x.dim() > 2 else x
        gate = torch.sigmoid(self.up(self.activation(self.down(squeezed))))
        return x * gate.reshape(*gate.shape, *[1] * (x.dim() - 2))


class Attention(nn.Module):
    """Of [B, N, C] tokens, written out or fused."""

    def __init__(self, size: int, fused: bool) -> None:
        super().__init__()
        self.qkv, self.fused = nn.Linear(size, 3 * size), fused

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).chunk(3, -1)
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v)
        return ((q @ k.transpose(1, 2)) / x.shape[-1] ** 0.5).softmax(-1) @ v


def product(b: Builder, x: int) -> int | None:
    """Products of values that both vary, norms and softmax: analog by nature."""
    if b.exact:
        return None
    channels, *space = b.shape(x)
    options: list[Any] = [lambda: b.module(Gate(channels, b.choose([nn.ReLU, nn.SiLU])), x)]
    options += [lambda: b.apply(lambda v: v.softmax(1), x), lambda: b.apply(lambda v: v * torch.tanh(v), x)]
    options += [lambda: b.apply(lambda v: F.layer_norm(v, v.shape[1:]), x)]
    options += [lambda: b.module(nn.LayerNorm(b.shape(x)[-1]), x)] if b.shape(x)[-1] > 2 else []
    options += [lambda: b.apply(lambda v: F.glu(v, 1), x)] if channels % 2 == 0 else []
    if space and channels % 2 == 0:
        options += [lambda: b.module(nn.GroupNorm(2, channels), x)]
    if len(space) == 1:
        options += [lambda: b.module(Attention(space[0], b.chance(0.5)), x)] * 3
        options += [lambda: b.module(nn.MultiheadAttention(space[0], 1, batch_first=True), x, x, x)]
    y = b.choose(options)()
    return b.apply(lambda pair: pair[0], y) if isinstance(b.values[y], tuple) else y
