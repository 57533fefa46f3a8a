"""The fused scan on CPUs, compiled by numba: one pass over memory for all steps of a chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic

TILE = 1024  # elements whose potentials stay in the first-level cache from step to step
F = np.float32
ZERO, HALF, ONE = F(0), F(0.5), F(1)
compiled: Any = njit(nogil=True, cache=True, error_model="numpy")


@intrinsic
def fused(context: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c of float32, rounded once, as torch's `addcmul` does it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


@compiled
def ones_of(k: int) -> int:
    """1 bits of a whole number of 32 bits."""
    k = k - ((k >> 1) & 0x55555555)
    k = (k & 0x33333333) + ((k >> 2) & 0x33333333)
    k = (k + (k >> 4)) & 0x0F0F0F0F
    return (k + (k >> 8) + (k >> 16) + (k >> 24)) & 0x3F


@compiled
def scan_blocks(
    first: int, last: int, steps: int, size: int,
    current: Any, current_step: int, residual: Any, residual_step: int, factor: Any,
    is_fresh: bool, v: Any, low: Any, drive: Any,
    theta: Any, start: Any, offset: Any, top: Any, borders: Any, surcharge: Any,
    beta: float, down: float, rounding: int, gate: int, limit: float, code: int,
    spikes: Any, counts: Any, ends: Any,
) -> None:  # fmt: skip
    """Blocks `first` … `last` − 1 of `len(theta)` elements each, all steps.

    Args:
        size: elements of one step; element i of step t is at t·size + i of `spikes`, at t·`current_step` + i of the
            current (0 where it is the same at every step).
        residual: whole spikes that factor·residual adds to the current; of length 0: none.
        v, low, drive: the state, written; read unless `is_fresh`. low and drive of length 0 where there are none.
        theta, start, offset, top, surcharge, factor: one period of parameters; offset of length 0: none.
        rounding, gate, code: places in the tables of `scan`. limit: of potentials; 0: none.
        counts: int64 [steps], events are added. ends: the smallest and the largest spike so far.
    """
    period = theta.shape[0]
    c, m, w = np.empty(TILE, F), np.empty(TILE, F), np.empty(TILE, F)
    fired, total = np.empty(TILE, F), np.empty(TILE, F)
    up, least, middle = F(beta), F(-down), F(beta + 0.5)
    bound, shift = F(limit), F(beta + 1)
    has_residual, has_offset = residual.shape[0] > 0, offset.shape[0] > 0
    has_low, has_drive = low.shape[0] > 0, drive.shape[0] > 0
    smallest, largest = ZERO, ZERO
    for block in range(first, last):
        for begin in range(0, period, TILE):
            base = block * period + begin
            n = min(TILE, period - begin, size - base)
            if n <= 0:
                break
            th, tops = theta[begin : begin + n], top[begin : begin + n]
            for j in range(n):
                m[j] = start[begin + j] if is_fresh else v[base + j]
            for j in range(n):
                fired[j] = low[base + j] if has_low and not is_fresh else ZERO
            if has_drive:
                for j in range(n):
                    total[j] = ZERO if is_fresh else drive[base + j]
            for t in range(steps):
                at = base + t * current_step
                for j in range(n):
                    c[j] = current[at + j]
                if has_residual:
                    at = base + t * residual_step
                    for j in range(n):
                        c[j] = fused(F(residual[at + j]), factor[begin + j], c[j])
                if has_offset:
                    for j in range(n):
                        c[j] = c[j] + offset[begin + j]
                for j in range(n):
                    m[j] = m[j] + c[j]
                if rounding == 0:
                    for j in range(n):
                        w[j] = ONE if m[j] >= th[j] else ZERO
                elif rounding == 1:
                    for j in range(n):
                        w[j] = ONE if m[j] > th[j] else ZERO
                elif rounding == 2:
                    for j in range(n):
                        w[j] = np.trunc(m[j] / th[j])
                elif rounding == 3:
                    for j in range(n):
                        w[j] = np.floor(m[j] / th[j])
                elif limit == 0:
                    for j in range(n):
                        x = max(min(m[j] / th[j], tops[j] + HALF), -up)
                        w[j] = np.floor(x - borders[np.int32(x + middle)])
                else:
                    for j in range(n):
                        x = max(min(np.floor(m[j] / th[j] - HALF), tops[j] - ONE), -shift)
                        rest = m[j] - (x + ONE) * th[j]
                        w[j] = x + ONE if rest >= surcharge[begin + j] * borders[np.int32(x + shift)] else x
                if gate == 0:
                    for j in range(n):
                        w[j] = min(max(w[j], ZERO), up)
                elif gate == 1:
                    for j in range(n):
                        w[j] = min(max(max(w[j], fired[j]), least), up)
                else:
                    for j in range(n):
                        total[j] = total[j] + c[j]
                        if limit > 0:
                            total[j] = min(max(total[j], -bound), bound)
                        w[j] = max(min(max(w[j], least), up), least if total[j] > ZERO else ZERO)
                at = base + t * size
                for j in range(n):
                    m[j] = fused(-w[j], th[j], m[j])
                    fired[j] = fired[j] - w[j]
                    spikes[at + j] = np.int32(w[j])
                if limit > 0:
                    for j in range(n):
                        m[j] = min(max(m[j], -bound), bound)
                for j in range(n):
                    smallest = min(smallest, w[j])
                for j in range(n):
                    largest = max(largest, w[j])
                events = np.int32(0)
                if code == 0:
                    for j in range(n):
                        events += np.int32(abs(w[j]))
                elif code == 1:
                    for j in range(n):
                        events += ones_of(np.int32(abs(w[j])))
                else:
                    for j in range(n):
                        k = np.int32(abs(w[j]))
                        events += ones_of(k ^ (3 * k))
                counts[t] += events
            for j in range(n):
                v[base + j] = m[j]
            if has_low:
                for j in range(n):
                    low[base + j] = fired[j]
            if has_drive:
                for j in range(n):
                    drive[base + j] = total[j]
    ends[0], ends[1] = min(ends[0], smallest), max(ends[1], largest)
