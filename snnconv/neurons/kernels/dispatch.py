"""One interface for all fused scans: `scan(current, state, step, steps) -> spikes, state, counts`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..codes import Code, events_per_neuron
from .layout import Layout, version_of
from .step import Step

SMALL = 2**14  # elements, fewer of which take torch no longer: a kernel has to be loaded first, half a second each
MOST = 2**31  # elements that a kernel counts
COUNTED = {torch.float32, torch.uint8, torch.int8, torch.int16}
TILED = 4  # shapes of which a step keeps its parameters laid out


class Parts(NamedTuple):
    """What a step adds to the potential: current + factor · spikes, the latter where a residual add precedes."""

    current: Tensor  # [steps·B, …] where it varies in time, else [B, …]
    varies: bool
    spikes: Tensor | None = None
    spikes_vary: bool = True
    factor: Tensor | None = None  # broadcastable to a sample


class Scanned(NamedTuple):
    spikes: Tensor  # [steps·B, …], whole numbers
    v: Tensor | None  # [B, …]; None: not kept
    low: Tensor | None  # minus the net spikes so far
    drive: Tensor | None  # the sum of currents so far
    counts: Tensor  # events of every step, int64 [steps]


FOUND = {library: find_spec(library) is not None for library in ("numba", "triton")}


@torch.compiler.assume_constant_result
def has(library: str) -> bool:
    return FOUND[library]


def can_scan(x: Tensor) -> bool:
    """Whether there is a kernel for an input like this one, and it is worth one."""
    if torch.compiler.is_exporting():  # what is exported runs elsewhere
        return False
    if x.dtype != torch.float32 or x.requires_grad or not SMALL <= x.numel() < MOST:
        return False
    return has("numba") if x.device.type == "cpu" else x.device.type == "cuda" and has("triton")


def scan(
    parts: Parts,
    state: tuple[Tensor, Tensor | None, Tensor | None] | None,
    step: Step,
    steps: int,
    *,
    narrow: bool = False,
    keep: bool = True,
    count: bool = True,
) -> Scanned:
    """Run a step `steps` times, in one pass over memory.

    Args:
        state: v, low and drive after the steps before, used up; None starts afresh.
        narrow: spikes in the narrowest of uint8, int8 and int16 that holds them, else in float32.
        count: whether events are counted.
        keep: whether anybody reads the state afterwards; else nothing of it is written.
    """
    current = parts.current
    rows = len(current) // (steps if parts.varies else 1)
    layout = Layout.of(current)
    sample = torch.Size((rows, *current.shape[1:]))
    fresh = state is None  # potentials start as the step says
    if state is not None:
        v, low, drive = (None if held is None else layout.laid(held) for held in state)
    else:
        needed = (True, step.rounding not in ("reach", "exceed"), step.gate == "input")
        v, low, drive = (layout.empty(sample, current) if keep and need else None for need in needed)
    dtype = dtype_of(step, fresh and steps == 1) if narrow else torch.float32
    spikes = layout.empty(torch.Size((steps * rows, *current.shape[1:])), current, dtype)
    counts = torch.zeros(steps, dtype=torch.int64, device=current.device)
    arrays = (layout, parts, step, steps, fresh, keep, count, v, low, drive, spikes, counts)
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


def tiles_of(step: Step, factor: Tensor | None, layout: Layout, shape: torch.Size) -> list[Any]:
    """The parameters of a step laid out for a kernel, kept with the step."""
    key = (layout.channels_last, tuple(shape), None if factor is None else (id(factor), version_of(factor)))
    if key not in step.tiles:
        tiles = layout.tiles([step.theta, step.start, step.offset, step.most, step.surcharge, factor], shape)
        if step.most is None:
            tiles[3] = torch.full_like(tiles[0], step.beta)
        if len(step.tiles) >= TILED:
            step.tiles.clear()
        step.tiles[key] = factor, [tile.numpy() for tile in tiles]  # the factor too, so that its id stays its own
    return step.tiles[key][1]


def events_by_neuron(spikes: Tensor, steps: int, code: Code, rows: int = 1) -> tuple[Tensor, Layout]:
    """Events of every neuron of a sample, summed over the batch: float64 [steps, neurons], neurons as they lie in
    memory, and how they do.

    Args:
        spikes: [steps·B·rows, …] whole numbers. rows: of one sample.
    """
    layout, neurons = Layout.of(spikes), rows * spikes[0].numel()
    if has("numba") and spikes.device.type == "cpu" and spikes.numel() >= SMALL and spikes.dtype in COUNTED:
        from .threads import count_on_threads  # needs numba

        return torch.from_numpy(count_on_threads(code, layout.flat(spikes), steps, neurons)).double(), layout
    flat = layout.dense(spikes).view(steps, -1, neurons)
    return events_per_neuron(flat, code), layout


def on_cpu(
    layout: Layout, parts: Parts, step: Step, steps: int, fresh: bool, keep: bool, count: bool,
    v: Tensor | None, low: Tensor | None, drive: Tensor | None, spikes: Tensor, counts: Tensor,
) -> tuple[float, float]:  # fmt: skip
    """The smallest and the largest spike; `v`, `low`, `drive`, `spikes` and `counts` are written."""
    from .numba_scan import Kind  # both need numba
    from .threads import scan_on_threads

    rows = len(parts.current) // (steps if parts.varies else 1)
    size = rows * parts.current[0].numel()
    theta, start, offset, top, surcharge, factor = tiles_of(step, parts.factor, layout, parts.current.shape[1:])
    residual = parts.spikes if parts.spikes is not None else spikes[:0]
    arrays = [
        layout.flat(parts.current), layout.flat(residual), factor, layout.flat(v), layout.flat(low), layout.flat(drive),
        theta, start, offset, top, surcharge, layout.flat(spikes),
    ]  # fmt: skip
    integers = [
        size, size if parts.varies else 0, size if parts.spikes_vary else 0, fresh, keep, step.beta, step.down
    ]  # fmt: skip
    kind = Kind(
        step.rounding, step.gate, step.whole, step.code if count else "",
        "" if parts.spikes is None else arrays[1].dtype.name, step.offset is not None, spikes.dtype == torch.int16,
        arrays[-1].dtype.name,
    )  # fmt: skip
    found, lowest, highest = scan_on_threads(kind, -(-size // len(theta)), size * steps, steps, integers, arrays)
    counts += torch.from_numpy(found)
    return lowest, highest
