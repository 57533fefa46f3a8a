"""The fused scan on CPUs, compiled by numba: one pass over memory for all steps of a chunk.

Each kind of step is compiled by itself, when it is first needed, and kept on disk: what it does not do costs nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import carray, cfunc, njit, types  # type: ignore[attr-defined]
from numba.core.extending import intrinsic

TILE = 1024  # elements whose potentials stay in the first-level cache from step to step
F = np.float32
ZERO, HALF, ONE = F(0), F(0.5), F(1)
ONE_BIT, TWO_BITS, THREE, FOUR_BITS, LAST = (np.int32(value) for value in (1, 2, 3, 4, 24))
PAIRS, FOURS, BYTES, EACH = (np.int32(value) for value in (0x55555555, 0x33333333, 0x0F0F0F0F, 0x01010101))
UPPER = np.int32(-0x55555556)  # 0xAAAAAAAA: the upper bit of every pair


def can_keep() -> bool:
    """Whether numba finds a place on disk for what it compiles: beside the package, else in the user's cache."""
    try:
        njit(cache=True)(lambda: None)
    except RuntimeError:
        return False
    return True


KEEPS = can_keep()
compiled: Any = njit(nogil=True, cache=KEEPS, error_model="numpy")
made_of_llvm: Any = intrinsic
function_in_c: Any = cfunc


class Kind(NamedTuple):
    """What is decided when a kernel is compiled; as in `Step`, and:

    Attributes:
        code: of events that are counted; "": none are.
        residual: type of the spikes of a residual add; "": there is none. offset: whether there is one.
        ranged: whether the smallest and the largest spike are asked for. spikes: their type.
    """

    rounding: str
    gate: str
    whole: bool
    code: str
    residual: str
    offset: bool
    ranged: bool
    spikes: str


@made_of_llvm
def fused(context: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c of float32, rounded once, as torch's `addcmul` does it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


@made_of_llvm
def pointer(context: Any, address: Any) -> Any:
    """An address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


@compiled
def array_at(address: int, size: int, kind: Any) -> Any:
    return carray(pointer(address), (size,), kind)


omp_get_thread_num = types.ExternalFunction("omp_get_thread_num", types.int32())
omp_get_num_threads = types.ExternalFunction("omp_get_num_threads", types.int32())


@compiled
def ones_of(k: Any) -> Any:
    """1 bits of a whole number of 32 bits."""
    k = np.int32(k - ((k >> ONE_BIT) & PAIRS))
    k = np.int32((k & FOURS) + ((k >> TWO_BITS) & FOURS))
    k = np.int32((k + (k >> FOUR_BITS)) & BYTES)
    return np.int32(np.int32(k * EACH) >> LAST)


@compiled
def digits_of(k: Any) -> Any:
    """Digits other than 0 of the non-adjacent form of k ≥ 0."""
    return ones_of(np.int32(k ^ np.int32(THREE * k)))


@compiled
def rise(k: Any) -> Any:
    """Digits of k + 1 less those of k in non-adjacent form: −1, 0 or 1.

    By pairs of bits from the lowest on. Of an even k, 00 is +1, an odd pair is 0, and 10 leaves it to the next pair; of
    an odd k, 11 is −1, an even pair is 0, and 01 leaves it to the next. So the lowest bit by which k differs from
    …1010, or …0101, decides: if it is the upper one of its pair, there is a change.
    """
    odd = np.int32(k & ONE_BIT)
    other = np.int32(k ^ np.int32(UPPER ^ np.int32(-odd)))
    lowest = np.int32(other & np.int32(-other))
    sign = ONE - F(odd + odd)
    return sign if np.int32(lowest & UPPER) != 0 else ZERO


@lru_cache
def scan_of(kind: Kind) -> Any:
    """The kernel of a kind, as a function in C that threads call: see `scan_blocks` inside."""
    reaches, exceeds, truncates = (kind.rounding == name for name in ("reach", "exceed", "trunc"))
    floors, frugal = kind.rounding == "floor", kind.rounding == "frugal"
    up_only, by_input, whole = kind.gate == "none", kind.gate == "input", kind.whole
    unary, binary, signed = (kind.code == name for name in ("unary", "binary", "signed"))
    has_residual, has_offset, ranged = bool(kind.residual), kind.offset, kind.ranged
    residual_type, spike_type = np.dtype(kind.residual or "uint8").type, np.dtype(kind.spikes).type
    limit = F(2.0**23)

    @compiled
    def scan_blocks(
        first: int, last: int, steps: int, size: int,
        current: Any, current_step: int, residual: Any, residual_step: int, factor: Any,
        is_fresh: bool, keeps: bool, v: Any, low: Any, drive: Any,
        theta: Any, start: Any, offset: Any, top: Any, surcharge: Any, beta: float, down: float,
        spikes: Any, counts: Any, ends: Any,
    ) -> None:  # fmt: skip
        """Blocks `first` … `last` − 1 of `len(theta)` elements each, all steps.

        Args:
            size: elements of one step; element i of step t is at t·size + i of `spikes`, at t·`current_step` + i of the
                current (0 where it is the same at every step).
            residual: whole spikes that factor·residual adds to the current.
            v, low, drive: the state, read unless `is_fresh`, and written if `keeps`. Of length 0: there is none.
            theta, start, offset, top, surcharge, factor: one period of parameters.
            counts: int64 [steps], events are added. ends: the smallest and the largest spike so far.
        """
        period = theta.shape[0]
        m, fired, total = np.empty(TILE, F), np.empty(TILE, F), np.empty(TILE, F)
        up, least, shift = F(beta), F(-down), F(beta + 1)
        has_low, has_drive = low.shape[0] > 0, drive.shape[0] > 0
        smallest, largest = np.int32(0), np.int32(0)
        for block in range(first, last):
            for begin in range(0, period, TILE):
                base = block * period + begin
                n = min(TILE, period - begin, size - base)
                if n <= 0:
                    break
                end = begin + n
                th, tops, extras, begins = theta[begin:end], top[begin:end], surcharge[begin:end], start[begin:end]
                factors, offsets = factor[begin:end], offset[begin:end]
                if is_fresh:
                    for j in range(n):
                        m[j] = begins[j]
                        fired[j] = ZERO
                        total[j] = ZERO
                else:
                    held = v[base : base + n]
                    for j in range(n):
                        m[j] = held[j]
                    if has_low:
                        lows = low[base : base + n]
                        for j in range(n):
                            fired[j] = lows[j]
                    if has_drive:
                        drives = drive[base : base + n]
                        for j in range(n):
                            total[j] = drives[j]
                for t in range(steps):
                    given = current[base + t * current_step : base + t * current_step + n]
                    more = residual[base + t * residual_step : base + t * residual_step + n]
                    sent = spikes[base + t * size : base + t * size + n]
                    events, low_end, high_end = np.int32(0), np.int32(0), np.int32(0)
                    for j in range(n):
                        c = given[j]
                        if has_residual:
                            c = fused(F(more[j]), factors[j], c)
                        if has_offset:
                            c = c + offsets[j]
                        x = m[j] + c
                        if reaches:
                            w = ONE if x >= th[j] else ZERO
                        elif exceeds:
                            w = ONE if x > th[j] else ZERO
                        elif truncates:
                            w = np.trunc(x / th[j])
                        elif floors:
                            w = np.floor(x / th[j])
                        elif frugal and whole:
                            k = max(min(np.floor(x / th[j] - HALF), tops[j] - ONE), -shift)
                            gains = x - (k + ONE) * th[j] >= extras[j] * rise(np.int32(k))
                            w = k + ONE if gains else k
                        else:
                            y = max(min(x / th[j], tops[j] + HALF), -up)
                            w = np.floor(y - extras[j] * rise(np.int32(np.floor(y - HALF))))
                        if up_only:
                            w = min(max(w, ZERO), up)
                        elif by_input:
                            drive_now = total[j] + c
                            if whole:
                                drive_now = min(max(drive_now, -limit), limit)
                            total[j] = drive_now
                            w = max(min(max(w, least), up), least if drive_now > ZERO else ZERO)
                        else:
                            w = min(max(max(w, fired[j]), least), up)
                        left = fused(-w, th[j], x)
                        if whole:
                            left = min(max(left, -limit), limit)
                        m[j] = left
                        fired[j] = fired[j] - w
                        spike = np.int32(w)
                        sent[j] = spike
                        if unary:
                            events += np.int32(abs(spike))
                        elif binary:
                            events += ones_of(np.int32(abs(spike)))
                        elif signed:
                            events += digits_of(np.int32(abs(spike)))
                        if ranged:
                            low_end, high_end = min(low_end, spike), max(high_end, spike)
                    counts[t] += events
                    smallest, largest = min(smallest, low_end), max(largest, high_end)
                if keeps:
                    held = v[base : base + n]
                    for j in range(n):
                        held[j] = m[j]
                    if has_low:
                        lows = low[base : base + n]
                        for j in range(n):
                            lows[j] = fired[j]
                    if has_drive:
                        drives = drive[base : base + n]
                        for j in range(n):
                            drives[j] = total[j]
        ends[0], ends[1] = min(ends[0], smallest), max(ends[1], largest)

    @function_in_c(types.void(types.voidptr), nopython=True, cache=KEEPS, error_model="numpy")
    def scan_part(data: Any) -> None:
        """One thread's part of a scan: `data` are the `ARGUMENTS` of `pack`, as 64-bit numbers and addresses."""
        a = carray(data, (NUMBERS,), np.int64)
        part, parts = omp_get_thread_num(), omp_get_num_threads()  # which can be fewer than were asked for
        sizes, places = a[INTEGERS : INTEGERS + ARRAYS], a[INTEGERS + ARRAYS : INTEGERS + 2 * ARRAYS]
        blocks, steps, size, current_step, residual_step = a[0], a[1], a[2], a[3], a[4]
        scan_blocks(
            blocks * part // parts, blocks * (part + 1) // parts, steps, size,
            array_at(places[0], sizes[0], np.float32), current_step,
            array_at(places[1], sizes[1], residual_type), residual_step, array_at(places[2], sizes[2], np.float32),
            a[5] != 0, a[6] != 0, array_at(places[3], sizes[3], np.float32), array_at(places[4], sizes[4], np.float32),
            array_at(places[5], sizes[5], np.float32), array_at(places[6], sizes[6], np.float32),
            array_at(places[7], sizes[7], np.float32), array_at(places[8], sizes[8], np.float32),
            array_at(places[9], sizes[9], np.float32), array_at(places[10], sizes[10], np.float32),
            float(a[7]), float(a[8]), array_at(places[11], sizes[11], spike_type),
            array_at(places[12] + 8 * steps * part, steps, np.int64), array_at(places[13] + 8 * part, 2, np.float32),
        )  # fmt: skip

    return scan_part


INTEGERS, ARRAYS = 9, 14
NUMBERS = INTEGERS + 2 * ARRAYS


def pack(integers: list[int], arrays: list[Any]) -> Any:
    """What a scan is called with, as one array of numbers; the arrays have to outlive it.

    Args:
        integers: blocks, steps, size, current_step, residual_step, is_fresh, keeps, beta, down.
        arrays: current, residual, factor, v, low, drive, theta, start, offset, top, surcharge, spikes, counts, ends.
    """
    return np.array([*integers, *(array.size for array in arrays), *(array.ctypes.data for array in arrays)], np.int64)
