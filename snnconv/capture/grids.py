"""Grids of positions that are as long as the map, at every size: torch.export takes their length for a number."""

from __future__ import annotations

from typing import Any

import torch
from torch import SymInt, Tensor
from torch.nn import functional as F


def linspace(start: Any, end: Any, steps: Any, **options: Any) -> Tensor:
    """start + i·(end − start)/(steps − 1), the second half counted from the end, as torch does."""
    is_plain = all(isinstance(value, (int, float)) for value in (start, end)) and options.get("out") is None
    if not isinstance(steps, SymInt) or not is_plain:
        whole: Any = steps
        return torch.linspace(start, end, whole, **options)
    dtype = options.pop("dtype", None) or torch.get_default_dtype()
    i = torch.arange(steps, dtype=dtype, **options)
    last = torch.sym_max(steps - 1, 1)
    step = (end - start) / last
    return torch.where(i < (steps + 1) // 2, start + step * i, end - step * (last - i))


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places (x, y, 1)·θᵀ or (x, y, z, 1)·θᵀ, each of x, y, z from −1 to 1: between the outermost points, or,
    where corners are not aligned, between the outer edges of the outermost pixels. 0 of a single one."""
    lengths = list(size)[2:]
    if not any(isinstance(length, SymInt) for length in lengths):
        return F.affine_grid(theta, list(size), align_corners)
    options: dict[str, Any] = {"dtype": theta.dtype, "device": theta.device}
    axes = [
        linspace(-1, 1, n, **options) * (torch.sym_min(n - 1, 1) if align_corners else (n - 1) / n) for n in lengths
    ]
    places = torch.stack([*reversed(torch.meshgrid(*axes, indexing="ij")), torch.ones(lengths, **options)], -1)
    return (places.flatten(0, -2) @ theta.transpose(1, 2)).unflatten(1, lengths)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Asks for what it needs before it needs it: `H % r == 0` is a condition, torch's own terms are longer ones."""
    for size in input.shape[-2:]:
        bool(size % downscale_factor == 0)
    return torch.pixel_unshuffle(input, downscale_factor)


PLAIN: dict[Any, Any] = {
    torch.linspace: linspace,
    F.affine_grid: affine_grid,
    F.pixel_unshuffle: pixel_unshuffle,
    torch.pixel_unshuffle: pixel_unshuffle,
}
