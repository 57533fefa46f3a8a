"""Operations without weights on one value: what moves it, cuts it, fills it up, scales it, sums it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .program import LARGEST, Builder

Pair = tuple[Callable[[Any], Any], Callable[[Any], Any] | None]  # in torch, in NumPy where that is exact


class Gain(nn.Module):
    """A learned factor per channel, and a constant added per channel: as layer scale has them."""

    shift: Tensor

    def __init__(self, channels: int, dims: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.randn(channels, *[1] * dims))
        self.register_buffer("shift", torch.randn(channels, *[1] * dims) * 0.3)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gain + self.shift


def arithmetic(b: Builder, x: int) -> int | None:
    """With constants."""
    if not b.exact and b.chance(0.25):
        return b.module(Gain(b.shape(x)[0], b.dims(x)), x)
    both: list[Callable[[Any], Any]] = [
        lambda v: v * 0.5, lambda v: 0.25 - v, lambda v: v / 2, lambda v: -v, lambda v: v + 0.125,
        lambda v: 2 * (v - 0.5),
    ]  # fmt: skip
    torch_only: list[Callable[[Tensor], Tensor]] = [
        lambda v: v.mul(0.7).add(0.1), lambda v: torch.sub(v, 0.3), lambda v: torch.rsub(v, 1.0), lambda v: v.div(3.0),
        lambda v: v.mul_(0.7), lambda v: v.add_(0.1), lambda v: torch.add(v, v, alpha=0.3), lambda v: v + v,
        lambda v: v - v.mean(dim=-1, keepdim=True), lambda v: v.cumsum(1) * 0.5,
        lambda v: v.to(torch.float64).to(v.dtype),
        lambda v: v * torch.full_like(v, 0.5), lambda v: v + torch.ones(v.shape[1:]).to(v),
        lambda v: torch.where(torch.arange(v.shape[-1]) % 2 == 0, v, v * 0.1),
        lambda v: v.masked_fill(torch.arange(v.shape[-1]) == 0, 0.0), lambda v: v.clone().detach(),
        lambda v: torch.einsum("b...->b...", v), lambda v: v @ torch.eye(v.shape[-1]).to(v),
    ]  # fmt: skip
    function = b.choose(both if b.exact else both + torch_only)
    return b.apply(function, x, reference=function)


def moving(b: Builder, x: int) -> int | None:
    """The same values at other places, or some of them."""
    dims, (channels, *space) = b.dims(x), b.shape(x)
    pairs: list[Pair] = [(lambda v: v.flip(1), lambda v: v[:, ::-1])]
    if channels > 2:
        pairs += [
            (lambda v: v[:, : channels // 2 + 1], lambda v: v[:, : channels // 2 + 1]),
            (lambda v: v[:, 1:], lambda v: v[:, 1:]),
            (lambda v: v.narrow(1, 0, channels - 1), lambda v: v[:, : channels - 1]),
        ]
        pairs += [(lambda v: v[:, ::2], None), (lambda v: v[:, [2, 0, 1]], None)]
        pairs += [(lambda v: v.index_select(1, torch.tensor([1, 0])), None), (lambda v: v.roll(1, 1), None)]
    if dims:
        pairs += [
            (lambda v: v.transpose(1, -1), lambda v: np.swapaxes(v, 1, -1)),
            (lambda v: v.permute(0, *range(2, dims + 2), 1), lambda v: np.moveaxis(v, 1, -1)),
            (lambda v: v.flatten(2), lambda v: v.reshape(len(v), channels, -1)),
            (lambda v: v[..., 0], lambda v: v[..., 0]),
            (lambda v: F.pad(v, (1, 1)), lambda v: np.pad(v, [(0, 0)] * (v.ndim - 1) + [(1, 1)])),
        ]
        pairs += [(lambda v: F.pad(v, (0, 1), value=0.5), None), (lambda v: v.select(-1, 0), None)]
        pairs += [(lambda v: v.movedim(1, -1).contiguous(), None), (lambda v: v.view(v.size(0), -1, space[-1]), None)]
        pairs += [(lambda v: v.mean(-1), None), (lambda v: v.sum(-1) * 0.3, None), (lambda v: v.amax(-1), None)]
        pairs += [(lambda v: v.unsqueeze(1).squeeze(1), None), (lambda v: v.unfold(-1, 2, 1).mean(-1), None)]
        if min(space) > 2:
            pairs += [
                (lambda v: v[..., ::2], lambda v: v[..., ::2]),
                (lambda v: v[..., 1:], lambda v: v[..., 1:]),
            ]
            pairs += [(lambda v: F.pad(v, (1, 1) * dims, mode="replicate"), None)]
            pairs += [(lambda v: F.pad(v, (1, 1) * dims, mode="reflect"), None)] if dims < 3 else []
            pairs += [(lambda v: F.pad(v, (-1, 1)), None)]
    if dims == 2 and channels % 4 == 0:
        pairs += [(lambda v: F.pixel_shuffle(v, 2), None), (lambda v: F.channel_shuffle(v, 2), None)]
    if channels % 2 == 0:
        pairs += [
            (lambda v: v.view(v.shape[0], 2, channels // 2, *space).transpose(1, 2).reshape(v.shape), None),
            (lambda v: v.unflatten(1, (2, -1)).sum(1) * 0.7, None),
            (lambda v: v.unflatten(1, (2, -1)).mean(2), None),
        ]
    torch_form, numpy_form = b.choose([p for p in pairs if p[1]] if b.exact else pairs)
    y = b.apply(torch_form, x, reference=numpy_form)
    return y if b.values[y][0].numel() <= 2 * LARGEST else None


def splitting(b: Builder, x: int) -> int | None:
    """In parts, one of which goes through a function of its own, and back together."""
    channels = b.shape(x)[0]
    if b.exact or channels < 3:
        return None
    split = b.choose(
        [
            lambda v: v.chunk(2, 1), lambda v: v.split([1, channels - 1], 1), lambda v: torch.tensor_split(v, 2, dim=1),
            lambda v: v.split(channels // 2 + 1, dim=1),
        ]
    )  # fmt: skip
    parts = b.apply(split, x)
    first, second = b.apply(operator.itemgetter(0), parts), b.apply(operator.itemgetter(1), parts)
    changed = b.apply(b.choose([torch.relu, lambda v: v * 0.5, F.silu, Tensor.relu_]), second)
    return b.apply(lambda *v: torch.cat(v, 1), *b.choose([(first, changed), (changed, first)]))


def unbinding(b: Builder, x: int) -> int | None:
    channels = b.shape(x)[0]
    if b.exact or channels < 2:
        return None
    parts = b.apply(b.choose([lambda v: v.unbind(1), lambda v: torch.unbind(v, dim=1)]), x)
    chosen = [b.apply(operator.itemgetter(n), parts) for n in range(b.choose([2, channels]))]
    return b.apply(lambda *v: torch.stack(v, 1), *chosen)


def resting(b: Builder, x: int) -> int | None:
    """What does nothing at inference."""
    if b.exact:
        return b.module(nn.Dropout(), x, reference=lambda v: v)
    modules = [
        nn.Dropout(),
        nn.Identity(),
        nn.Sequential(nn.Identity(), nn.Dropout(0.2, inplace=True)),
        nn.AlphaDropout(),
    ]
    if b.dims(x) in (2, 3):
        modules += [nn.Dropout2d() if b.dims(x) == 2 else nn.Dropout3d()]
    return b.module(b.choose(modules), x)
