"""Convolutions and linear layers of 8-bit weights and spikes, by oneDNN's integer kernels: sums of 32 bits, exact.

A machine whose kernels add up in 16 bits (before AVX-512 VNNI) saturates: what a kernel gives is tried once, on the
largest numbers, and it is used only if it is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .layout import version_of

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
Packed = tuple[Tensor, Tensor, Tensor]  # weights, their scales (1) and zero points (0)
_packed: WeakKeyDictionary[nn.Module, dict[int, tuple[Tensor, int, Packed]]] = WeakKeyDictionary()


@lru_cache
def is_exact() -> bool:
    """Whether this machine has such kernels, and they are exact."""
    x = torch.full((1, 64, 4, 4), 255, dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    layers = nn.Conv2d(64, 16, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.Linear(64, 16)
    try:
        with torch.no_grad():
            for layer in layers:
                layer.weight.fill_(127)
                assert layer.bias is not None
                layer.bias.fill_(-(2**22) + 1)
                for value in (x, x.view(torch.int8) ^ -128):
                    given = value.flatten(2).transpose(1, 2) if isinstance(layer, nn.Linear) else value
                    if not torch.equal(product(layer, given), layer(given.float())):
                        return False
    except (RuntimeError, AttributeError, NotImplementedError):  # built without oneDNN, or without these operators
        return False
    return True


def takes(layer: nn.Module, x: Tensor) -> bool:
    """Whether there is an exact integer kernel for this layer and input."""
    if x.device.type != "cpu" or torch.compiler.is_compiling() or not x.numel() or not is_exact():
        return False
    return has_kernel(layer) and (isinstance(layer, nn.Linear) or x.dim() == len(layer.kernel_size) + 2)  # type: ignore[arg-type]


def has_kernel(layer: nn.Module) -> bool:
    """Whether oneDNN has one for layers of this kind."""
    if isinstance(layer, nn.Linear):
        return True
    return isinstance(layer, CONVOLUTIONS) and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


def as_bytes(x: Tensor, low: int, high: int) -> list[tuple[Tensor, int, int]]:
    """Whole numbers as bytes: x = Σ factor·(bytes − zero point), a list of (bytes, zero point, factor).

    Args:
        low, high: the least and the largest that x can hold; used where its type does not say.
    """
    if x.dtype == torch.uint8:
        return [(x, 0, 1)]
    if x.dtype == torch.int8:
        return [(x.view(torch.uint8) ^ 128, 128, 1)]
    if low >= 0 and high <= 255:
        return [(x.to(torch.uint8), 0, 1)]
    if low >= -128 and high <= 127:
        return [((x + 128).to(torch.uint8), 128, 1)]
    whole = x.to(torch.int32)
    upper = whole >> 8
    parts = [((whole & 255).to(torch.uint8), 0, 1)]
    return [*parts, *((piece, zero, 256 * times) for piece, zero, times in as_bytes(upper, low >> 8, high >> 8))]


def product(layer: Any, x: Tensor, low: int = 0, high: int = 255) -> Tensor:
    """layer(x), float32, of whole weights of 8 bits and whole numbers x; sums below 2^24."""
    total: Tensor | None = None
    for part, zero, factor in as_bytes(x, low, high):
        bias = layer.bias if total is None else None
        result = times(layer, part, zero, bias)
        total = result if total is None else total.add_(result, alpha=factor)
    assert total is not None
    return total


def times(layer: Any, x: Tensor, zero: int, bias: Tensor | None) -> Tensor:
    weights, scales, zeros = packed(layer, zero)
    end = (torch.float32, "none", [], "")
    if isinstance(layer, nn.Linear):
        rows = x.reshape(-1, x.shape[-1])
        out = torch.ops.onednn.qlinear_pointwise(rows, 1.0, zero, weights, scales, zeros, bias, 1.0, 0, *end)
        return out.view(*x.shape[:-1], -1)
    run = torch.ops.onednn.qconv3d_pointwise if x.dim() == 5 else torch.ops.onednn.qconv2d_pointwise
    geometry = (list(layer.stride), list(layer.padding), list(layer.dilation), layer.groups)
    return run(x, 1.0, zero, weights, scales, zeros, bias, *geometry, 1.0, 0, *end)


def packed(layer: Any, zero: int) -> Packed:
    """The layer's weights as the kernels read them; made again where they were changed."""
    held = _packed.setdefault(layer, {})
    weight = layer.weight
    if zero not in held or held[zero][0] is not weight or held[zero][1] != version_of(weight):
        small = weight.detach().to(torch.int8)
        scales, zeros = torch.ones(len(small)), torch.zeros(len(small), dtype=torch.int32)
        if isinstance(layer, nn.Linear):
            ready = torch.ops.onednn.qlinear_prepack(small, None)
        else:
            geometry = (list(layer.stride), list(layer.padding), list(layer.dilation), layer.groups)
            ready = torch.ops.onednn.qconv_prepack(small, scales, 1.0, zero, *geometry, None)
        held[zero] = weight, version_of(weight), (ready, scales, zeros)
    return held[zero][2]


@contextmanager
def exact_floats() -> Iterator[None]:
    """Inside the block float32 sums of whole numbers below 2^24 are exact: no algorithm goes over fractions."""
    with torch.backends.cudnn.flags(enabled=False, allow_tf32=False):
        yield
