"""Convolutions and linear layers of 8-bit weights and spikes, by oneDNN's integer kernels: sums of 32 bits, exact.

A machine without AVX-512 VNNI adds up pairs of products in 16 bits, which saturate beyond inputs of 7 bits. What
kernels give is tried once, on the largest numbers of 8 bits, then of 7; numbers that are larger go in parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from .layout import version_of

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
Packed = tuple[Tensor, Tensor, Tensor]  # weights, their scales (1) and zero points (0)
_packed: Any = WeakTensorKeyDictionary()  # {weights: {(zero point, geometry): ((their version, their place), Packed)}}


class Geometry(NamedTuple):
    """Of a convolution."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


class Affine(NamedTuple):
    """What a kernel computes: a convolution, or a linear layer, which has no geometry."""

    weight: Tensor
    bias: Tensor | None
    geometry: Geometry | None

    @classmethod
    def of(cls, layer: Any) -> Affine:
        if isinstance(layer, nn.Linear):
            return cls(layer.weight, layer.bias, None)
        return cls(layer.weight, layer.bias, Geometry(layer.stride, layer.padding, layer.dilation, layer.groups))


@torch.compiler.assume_constant_result
def largest() -> int:
    """The largest input for which this machine's kernels are exact, 255 or 127; 0: it has none."""
    return found()


def is_exact() -> bool:
    """Whether this machine has such kernels."""
    return largest() > 0


@lru_cache
def found() -> int:
    return next((most for most in (255, 127) if holds(most)), 0)


def holds(most: int) -> bool:
    """Whether kernels are exact for inputs from 0 to `most`, tried where sums are largest."""
    x = torch.full((1, 64, 4, 4), most, dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    layers = nn.Conv2d(64, 16, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.Linear(64, 16)
    try:
        with torch.no_grad():
            for layer in layers:
                layer.weight.fill_(127)
                assert layer.bias is not None
                layer.bias.fill_(-(2**22) + 1)
                given = x.flatten(2).transpose(1, 2) if isinstance(layer, nn.Linear) else x
                for zero in (0, (most + 1) // 2):
                    if not torch.equal(times(Affine.of(layer), given, zero), layer(given.float() - zero)):
                        return False
    except (RuntimeError, AttributeError, NotImplementedError):  # built without oneDNN, or without these operators
        return False
    return True


def takes(layer: nn.Module, x: Tensor) -> bool:
    """Whether there is an exact integer kernel for this layer and input."""
    if torch.compiler.is_exporting() or x.device.type != "cpu" or not x.numel() or not is_exact():
        return False
    return has_kernel(layer) and (isinstance(layer, nn.Linear) or x.dim() == len(layer.kernel_size) + 2)  # type: ignore[arg-type]


def has_kernel(layer: nn.Module) -> bool:
    """Whether oneDNN has one for layers of this kind."""
    if isinstance(layer, nn.Linear):
        return True
    return isinstance(layer, CONVOLUTIONS) and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


def as_bytes(x: Tensor, low: int, high: int, most: int = 255) -> list[tuple[Tensor, int, int]]:
    """Whole numbers as bytes: x = Σ factor·(bytes − zero point), a list of (bytes, zero point, factor).

    Args:
        low, high: the least and the largest that x can hold. most: the largest byte, 255 or 127.
    """
    half = (most + 1) // 2
    if low >= 0 and high <= most:
        return [(x.to(torch.uint8), 0, 1)]
    if low >= -half and high < half:
        shifted = x.view(torch.uint8) ^ half if x.dtype == torch.int8 and half == 128 else (x + half).to(torch.uint8)
        return [(shifted, half, 1)]
    bits = most.bit_length()
    whole = x.to(torch.int16 if low >= -(2**15) and high < 2**15 else torch.int32)
    parts = [((whole & most).to(torch.uint8), 0, 1)]
    upper = as_bytes(whole >> bits, low >> bits, high >> bits, most)
    return [*parts, *((piece, zero, (most + 1) * factor) for piece, zero, factor in upper)]


def product(layer: Affine, x: Tensor, low: int, high: int) -> Tensor:
    """layer(x), float32, of whole weights of 8 bits and whole numbers x in low … high; sums below 2^24."""
    total: Tensor | None = None
    for part, zero, factor in as_bytes(x, low, high, largest()):
        result = times(layer if total is None else layer._replace(bias=None), part, zero)
        total = result if total is None else total.add_(result, alpha=factor)
    assert total is not None
    return total


def times(layer: Affine, x: Tensor, zero: int) -> Tensor:
    weights, scales, zeros = packed(layer, zero)
    bias, end = layer.bias, (torch.float32, "none", [], "")
    if layer.geometry is None:
        rows = x.reshape(-1, x.shape[-1])
        out = torch.ops.onednn.qlinear_pointwise(rows, 1.0, zero, weights, scales, zeros, bias, 1.0, 0, *end)
        return out.view(*x.shape[:-1], -1)
    run = torch.ops.onednn.qconv3d_pointwise if x.dim() == 5 else torch.ops.onednn.qconv2d_pointwise
    return run(x, 1.0, zero, weights, scales, zeros, bias, *layer.geometry, 1.0, 0, *end)


def packed(layer: Affine, zero: int) -> Packed:
    """The layer's weights as the kernels read them; made again where they were changed."""
    weight, geometry = layer.weight, layer.geometry
    held = _packed.setdefault(weight, {})
    key, stamp = (zero, geometry), (version_of(weight), weight.data_ptr())
    if key not in held or held[key][0] != stamp:
        small = weight.detach().to(torch.int8)
        scales, zeros = torch.ones(len(small)), torch.zeros(len(small), dtype=torch.int32)
        if geometry is None:
            ready = torch.ops.onednn.qlinear_prepack(small, None)
        else:
            ready = torch.ops.onednn.qconv_prepack(small, scales, 1.0, zero, *geometry, None)
        held[key] = stamp, (ready, scales, zeros)
    return held[key][1]


@contextmanager
def exact_floats() -> Iterator[None]:
    """Inside the block float32 sums of whole numbers below 2^24 are exact: no algorithm goes over fractions."""
    with torch.backends.cudnn.flags(enabled=False, allow_tf32=False):
        yield
