"""The fused scan on GPUs, in Triton: the contract of `numba_scan`, one element of the state a lane."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from .layout import Layout
from .step import Step

BLOCK = 1024
REACH, EXCEED, TRUNC, FLOOR, FRUGAL = range(5)
ROUNDINGS = {"reach": REACH, "exceed": EXCEED, "trunc": TRUNC, "floor": FLOOR, "frugal": FRUGAL}
GATES = {"none": 0, "memory": 1, "input": 2}
CODES = {"": 0, "unary": 1, "binary": 2, "signed": 3}


@triton.jit
def ones_of(k: Any) -> Any:
    """1 bits of whole numbers of 32 bits."""
    k = k - ((k >> 1) & 0x55555555)
    k = (k & 0x33333333) + ((k >> 2) & 0x33333333)
    k = (k + (k >> 4)) & 0x0F0F0F0F
    return (k + (k >> 8) + (k >> 16) + (k >> 24)) & 0x3F


@triton.jit
def rise(k: Any) -> Any:
    """Digits of k + 1 less those of k: see `numba_scan.rise`."""
    odd = k & 1
    other = k ^ ((-0x55555556) ^ (-odd))
    lowest = other & (-other)
    return tl.where((lowest & (-0x55555556)) != 0, 1 - 2 * odd, 0).to(tl.float32)


@triton.jit
def scan_kernel(
    current, residual, factor, v, low, drive, theta, start, offset, top, surcharge, spikes, counts,
    size, period, steps, current_step, residual_step, beta, down,
    FRESH: tl.constexpr, KEEPS: tl.constexpr, HAS_LOW: tl.constexpr, HAS_DRIVE: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr, HAS_OFFSET: tl.constexpr, ROUNDING: tl.constexpr, GATE: tl.constexpr,
    WHOLE: tl.constexpr, CODE: tl.constexpr, LIMIT: tl.constexpr, LANES: tl.constexpr,
) -> None:  # fmt: skip
    i = tl.program_id(0) * LANES + tl.arange(0, LANES)
    inside = i < size
    p = i % period
    th = tl.load(theta + p, inside, other=1.0)
    if FRESH:
        m = tl.load(start + p, inside, other=0.0)
        fired = tl.zeros((LANES,), tl.float32)
        total = tl.zeros((LANES,), tl.float32)
    else:
        m = tl.load(v + i, inside, other=0.0)
        fired = tl.load(low + i, inside, other=0.0) if HAS_LOW else tl.zeros((LANES,), tl.float32)
        total = tl.load(drive + i, inside, other=0.0) if HAS_DRIVE else tl.zeros((LANES,), tl.float32)
    tops = tl.load(top + p, inside, other=0.0)
    for t in range(steps):
        c = tl.load(current + t * current_step + i, inside, other=0.0)
        if HAS_RESIDUAL:
            more = tl.load(residual + t * residual_step + i, inside, other=0).to(tl.float32)
            c = tl.fma(more, tl.load(factor + p, inside, other=0.0), c)
        if HAS_OFFSET:
            c = c + tl.load(offset + p, inside, other=0.0)
        x = m + c
        quotient = tl.div_rn(x, th)
        if ROUNDING == 0:
            w = tl.where(x >= th, 1.0, 0.0)
        elif ROUNDING == 1:
            w = tl.where(x > th, 1.0, 0.0)
        elif ROUNDING == 2:
            w = tl.where(quotient < 0, tl.ceil(quotient), tl.floor(quotient))
        elif ROUNDING == 3:
            w = tl.floor(quotient)
        else:
            extra = tl.load(surcharge + p, inside, other=0.0)
            if WHOLE:
                k = tl.maximum(tl.minimum(tl.floor(quotient - 0.5), tops - 1.0), -(beta + 1.0))
                gains = x - (k + 1.0) * th >= extra * rise(k.to(tl.int32))
                w = tl.where(gains, k + 1.0, k)
            else:
                y = tl.maximum(tl.minimum(quotient, tops + 0.5), -beta)
                w = tl.floor(y - extra * rise(tl.floor(y - 0.5).to(tl.int32)))
        if GATE == 0:
            w = tl.minimum(tl.maximum(w, 0.0), beta)
        elif GATE == 1:
            w = tl.minimum(tl.maximum(tl.maximum(w, fired), -down), beta)
        else:
            total = total + c
            if WHOLE:
                total = tl.minimum(tl.maximum(total, -LIMIT), LIMIT)
            w = tl.maximum(tl.minimum(tl.maximum(w, -down), beta), tl.where(total > 0.0, -down, 0.0))
        m = tl.fma(-w, th, x)
        if WHOLE:
            m = tl.minimum(tl.maximum(m, -LIMIT), LIMIT)
        fired = fired - w
        tl.store(spikes + t * size + i, w, inside)
        if CODE > 0:
            magnitude = tl.abs(tl.where(inside, w, 0.0)).to(tl.int32)
            if CODE == 2:
                magnitude = ones_of(magnitude)
            elif CODE == 3:
                magnitude = ones_of(magnitude ^ (3 * magnitude))
            tl.atomic_add(counts + t, tl.sum(magnitude.to(tl.int64), 0))
    if KEEPS:
        tl.store(v + i, m, inside)
        if HAS_LOW:
            tl.store(low + i, fired, inside)
        if HAS_DRIVE:
            tl.store(drive + i, total, inside)


def on_gpu(
    layout: Layout, parts: Any, step: Step, steps: int, fresh: bool, keep: bool, count: bool,
    v: Tensor | None, low: Tensor | None, drive: Tensor | None, spikes: Tensor, counts: Tensor,
) -> None:  # fmt: skip
    """Write `v`, `low`, `drive`, `spikes` (float32) and `counts`; nothing waits for the device."""
    current = layout.dense(parts.current)
    size = len(current) // (steps if parts.varies else 1)
    tiles = layout.tiles(
        [step.theta, step.start, step.offset, step.most, step.surcharge, parts.factor], parts.current.shape[1:]
    )
    if step.most is None:
        tiles[3] = torch.full_like(tiles[0], step.beta)
    theta, start, offset, top, surcharge, factor = (tile if tile.numel() else tiles[0] for tile in tiles)
    nothing = current  # a pointer that is not read
    residual = nothing if parts.spikes is None else layout.dense(parts.spikes)
    held = [nothing if value is None else layout.dense(value) for value in (v, low, drive)]
    kernel: Any = scan_kernel
    kernel[(triton.cdiv(size, BLOCK),)](
        current, residual, factor, *held, theta, start, offset, top, surcharge, layout.dense(spikes), counts,
        size, len(theta), steps, size if parts.varies else 0, size if parts.spikes_vary else 0,
        float(step.beta), float(step.down),
        FRESH=fresh, KEEPS=keep, HAS_LOW=low is not None, HAS_DRIVE=drive is not None,
        HAS_RESIDUAL=parts.spikes is not None, HAS_OFFSET=step.offset is not None,
        ROUNDING=ROUNDINGS[step.rounding], GATE=GATES[step.gate], WHOLE=step.whole,
        CODE=CODES[step.code if count else ""], LIMIT=2.0**23, LANES=BLOCK,
    )  # fmt: skip
