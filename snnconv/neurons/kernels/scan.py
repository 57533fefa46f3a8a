"""One interface for all fused scans: `scan(current, state, step, steps) -> spikes, state, counts`."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .layout import Layout
from .step import LIMIT, Step

ROUNDINGS = ("reach", "exceed", "trunc", "floor", "frugal")
GATES = ("none", "memory", "input")
CODES = ("unary", "binary", "signed")
MOST = 2**31  # elements that a kernel counts


class Parts(NamedTuple):
    """What a step adds to the potential: current + factor · spikes, the latter where a residual add precedes."""

    current: Tensor  # [steps·B, …] where it varies in time, else [B, …]
    varies: bool
    spikes: Tensor | None = None
    spikes_vary: bool = True
    factor: Tensor | None = None  # broadcastable to a sample


class Scanned(NamedTuple):
    spikes: Tensor  # [steps·B, …], whole numbers
    v: Tensor  # [B, …]
    low: Tensor | None  # minus the net spikes so far
    drive: Tensor | None  # the sum of currents so far
    counts: Tensor  # events of every step, int64 [steps]


@lru_cache
def has(library: str) -> bool:
    return find_spec(library) is not None


def can_scan(x: Tensor) -> bool:
    """Whether there is a kernel for an input like this one."""
    if x.dtype != torch.float32 or x.requires_grad or not 0 < x.numel() < MOST or torch.compiler.is_compiling():
        return False
    return has("numba") if x.device.type == "cpu" else x.device.type == "cuda" and has("triton")


def scan(
    parts: Parts, state: tuple[Tensor, Tensor | None, Tensor | None] | None, step: Step, steps: int, narrow: bool
) -> Scanned:
    """Run a step `steps` times, in one pass over memory.

    Args:
        state: v, low and drive after the steps before, used up; None starts afresh.
        narrow: spikes in the narrowest of uint8, int8 and int16 that holds them, else in float32.
    """
    current = parts.current
    rows = len(current) // (steps if parts.varies else 1)
    layout = Layout.of(current)
    sample = torch.Size((rows, *current.shape[1:]))
    fresh = state is None
    v, low, drive = state or (None, None, None)
    v = layout.empty(sample, current) if v is None else layout.laid(v)
    if fresh:
        low = layout.empty(sample, current) if step.rounding not in ("reach", "exceed") else None
        drive = layout.empty(sample, current) if step.gate == "input" else None
    else:
        low, drive = (None if held is None else layout.laid(held) for held in (low, drive))
    dtype = dtype_of(step, fresh and steps == 1) if narrow else torch.float32
    spikes = layout.empty(torch.Size((steps * rows, *current.shape[1:])), current, dtype)
    counts = torch.zeros(steps, dtype=torch.int64, device=current.device)
    arrays = (layout, parts, step, steps, fresh, v, low, drive, spikes, counts)
    if current.device.type == "cpu":
        lowest, highest = on_cpu(*arrays)
        if dtype == torch.int16:
            spikes = narrowed(spikes, lowest, highest)
    else:
        from .triton_scan import on_gpu  # needs triton

        on_gpu(*arrays)
    return Scanned(spikes, v, low, drive, counts)


def dtype_of(step: Step, is_first: bool) -> torch.dtype:
    """The narrowest integers that hold every spike; in the first step of all, memory allows none down."""
    lowest = 0 if step.gate == "none" or (is_first and step.gate == "memory") else -step.down
    highest = step.beta if step.peak is None else step.peak
    if lowest >= 0 and highest <= 255:
        return torch.uint8
    return torch.int8 if lowest >= -128 and highest <= 127 else torch.int16 if highest < 2**15 else torch.int32


def narrowed(spikes: Tensor, lowest: float, highest: float) -> Tensor:
    """As few steps send what needs more than 8 bits."""
    if lowest >= -128 and highest <= 127:
        return spikes.to(torch.int8)
    return spikes.to(torch.uint8) if lowest >= 0 and highest <= 255 else spikes


def on_cpu(
    layout: Layout, parts: Parts, step: Step, steps: int, fresh: bool,
    v: Tensor, low: Tensor | None, drive: Tensor | None, spikes: Tensor, counts: Tensor,
) -> tuple[float, float]:  # fmt: skip
    """The smallest and the largest spike; `v`, `low`, `drive`, `spikes` and `counts` are written."""
    from .numba_scan import scan_blocks  # needs numba
    from .threads import in_pieces

    size = v.numel()
    values = [step.theta, step.start, step.offset, step.most, step.surcharge, parts.factor]
    tiles = layout.tiles(values, v.shape[1:])
    if step.most is None:
        tiles[3] = torch.full_like(tiles[0], step.beta)
    theta, start, offset, top, surcharge, factor = (tile.numpy() for tile in tiles)
    residual = parts.spikes if parts.spikes is not None else spikes[:0]
    blocks = -(-size // len(theta))
    found: list[tuple[Any, Any]] = []

    def work(first: int, last: int) -> None:
        piece, ends = torch.zeros(steps, dtype=torch.int64).numpy(), torch.zeros(2).numpy()
        found.append((piece, ends))
        scan_blocks(
            first, last, steps, size,
            layout.flat(parts.current), size if parts.varies else 0,
            layout.flat(residual), size if parts.spikes_vary else 0, factor,
            fresh, layout.flat(v), layout.flat(low), layout.flat(drive),
            theta, start, offset, top, layout.flat(step.borders), surcharge,
            float(step.beta), float(step.down), ROUNDINGS.index(step.rounding), GATES.index(step.gate),
            LIMIT if step.whole else 0.0, CODES.index(step.code), layout.flat(spikes), piece, ends,
        )  # fmt: skip

    in_pieces(work, blocks, size * steps)
    for piece, _ in found:
        counts += torch.from_numpy(piece)
    return min(float(ends[0]) for _, ends in found), max(float(ends[1]) for _, ends in found)
