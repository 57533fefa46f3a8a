"""Layers with weights: convolutions of every kind, linear, normalisation by constants, shared ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import reference as ref
from .program import LARGEST, Builder

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
FUNCTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def array(x: Tensor) -> ref.Array:
    return x.detach().double().numpy()


def reference_conv(module: Any) -> ref.Conv:
    bias = None if module.bias is None else array(module.bias)
    return ref.Conv(array(module.weight), bias, module.stride[0], module.padding[0], module.groups, module.dilation[0])


def reference_linear(module: Any) -> ref.Linear:
    return ref.Linear(array(module.weight), array(module.bias) if module.bias is not None else 0.0)


def convolution(b: Builder, x: int, keep_shape: bool = False) -> int | None:
    """Any convolution that fits; with `keep_shape` one of as many channels and positions as its input has."""
    if not b.dims(x):
        return linear(b, x, keep_shape)
    dims, (channels, *space) = b.dims(x), b.shape(x)
    settings: dict[str, Any] = {"kernel_size": b.choose([1, 3]), "padding": 0, "stride": 1, "dilation": 1}
    if keep_shape:
        settings["padding"] = settings["kernel_size"] // 2
    elif min(space) >= 5 and settings["kernel_size"] == 3:
        settings |= b.choose([{}, {"padding": 1}, {"padding": 1, "stride": 2}, {"padding": 2, "dilation": 2}])
    else:
        settings |= {"padding": settings["kernel_size"] // 2, "stride": b.choose([1, 1, 2])}
    outputs = channels if keep_shape else b.choose([2, 3, 4, 6, 8])
    settings["groups"] = b.choose([g for g in {1, 2, channels} if channels % g == 0 and outputs % g == 0])
    if not b.exact and settings["stride"] == 1 and b.chance(0.15):
        settings["padding"] = "same"
    if not b.exact and settings["padding"] == 1 and min(space) > 1:
        settings["padding_mode"] = b.choose(["zeros", "zeros", "zeros", "reflect", "circular", "replicate"])
    bias = b.chance(0.7)
    return b.layer(CONVOLUTIONS[dims](channels, outputs, bias=bias, **settings), x, reference_conv)


def linear(b: Builder, x: int, keep_shape: bool = False) -> int | None:
    """On the last dimension, whatever is before it."""
    size = b.shape(x)[-1]
    module = nn.Linear(size, size if keep_shape else b.choose([4, 6, 8]), bias=b.chance(0.8))
    return b.layer(module, x, reference_linear)


def transposed(b: Builder, x: int) -> int | None:
    if not b.dims(x) or b.values[x][0].numel() * 2 ** b.dims(x) > LARGEST:
        return None
    channels, groups = b.shape(x)[0], 2 if b.shape(x)[0] % 2 == 0 and b.chance(0.3) else 1
    settings = b.choose(
        [
            {"kernel_size": 2, "stride": 2},
            {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            {"kernel_size": 3, "padding": 1},
        ]
    )
    return b.layer(TRANSPOSED[b.dims(x)](channels, 4, groups=groups, **settings), x)


def batch_norm(b: Builder, x: int) -> int | None:
    """With the statistics of a trained network; exact ones are powers of two."""
    channels, dims = b.shape(x)[0], max(b.dims(x), 1)
    norm: Any = NORMS[dims](channels, eps=0.0 if b.exact else 1e-5, affine=b.chance(0.8))
    rows = b.values[x].transpose(0, 1).flatten(1)
    if b.exact:
        norm.running_mean.copy_(torch.round(torch.randn(channels) * 2) / 8)
        norm.running_var.copy_(4.0 ** torch.randint(-1, 2, (channels,)))
    else:
        norm.running_mean.copy_(rows.mean(1) + torch.randn(channels) * 0.1)
        norm.running_var.copy_((rows.var(1) + 0.05) * (torch.rand(channels) + 0.5))
    if norm.affine:
        norm.weight.copy_(2.0 ** torch.randint(-1, 2, (channels,)) if b.exact else torch.rand(channels) + 0.5)
        norm.bias.copy_(torch.round(torch.randn(channels) * 2) / 8)
    return b.module(norm, x, reference=reference_norm(norm))


def reference_norm(norm: Any) -> ref.Affine:
    weight, bias = (norm.weight, norm.bias) if norm.affine else (torch.ones(1), torch.zeros(1))
    gain = array(weight) / (array(norm.running_var) + norm.eps) ** 0.5
    return ref.Affine(gain, array(bias) - array(norm.running_mean) * gain)


def again(b: Builder, x: int) -> int | None:
    """A layer that stands elsewhere too, with the same weights."""
    fitting = [layer for layer in b.layers if layer[1] == b.values[x].shape]
    if not fitting:
        return None
    name, _, reference = b.choose(fitting)
    return b.apply(name, x, reference=reference(b.parts[name]) if reference else None)


class FunctionalConv(nn.Module):
    """A convolution by hand, its weights bare parameters of the module, or computed from them."""

    def __init__(self, dims: int, channels: int, outputs: int, standardised: bool) -> None:
        super().__init__()
        self.dims, self.standardised = dims, standardised
        self.weight = nn.Parameter(torch.randn(outputs, channels, *[3] * dims))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight - self.weight.mean(1, keepdim=True) if self.standardised else self.weight
        return FUNCTIONS[self.dims](x, weight, self.bias, padding=1)


def functional(b: Builder, x: int) -> int | None:
    if not b.dims(x):
        return None
    return b.layer(FunctionalConv(b.dims(x), b.shape(x)[0], b.choose([3, 4]), b.chance(0.4)), x)
