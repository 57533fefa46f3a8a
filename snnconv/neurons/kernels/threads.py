"""The fused scan on the threads that torch has: those of its own OpenMP.

Torch's threads spin for a while after each of its operations, so that others would have to share the processors with
them. Where torch runs on something else than GNU's OpenMP, or in a process that was forked, the scan has one thread.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import torch

from .numba_count import count_of
from .numba_scan import Kind, pack, scan_of

LEAST = 2**15  # elements worth a thread of their own
NUMBER, COUNT = "omp_get_thread_num", "omp_get_num_threads"
ALONE = {name: ctypes.CFUNCTYPE(ctypes.c_int)(lambda value=value: value) for name, value in ((NUMBER, 0), (COUNT, 1))}
IMPORTED_BY = os.getpid()


def scan_on_threads(
    kind: Kind, blocks: int, elements: int, steps: int, integers: list[int], arrays: list[Any]
) -> tuple[Any, float, float]:
    """Run the kernel of a kind over all blocks.

    Args:
        elements: of all blocks and steps together.
        integers, arrays: as `pack` takes them, without blocks and steps, and without counts and ends.

    Returns:
        Events of every step, int64, and the smallest and the largest spike.
    """
    threads = threads_for(blocks, elements)
    counts, ends = np.zeros((threads, steps), np.int64), np.zeros((threads, 2), np.float32)
    data = pack([blocks, steps, *integers], [*arrays, counts, ends])
    on_threads(scan_of(kind), data, threads)
    return counts.sum(0), float(ends[:, 0].min()), float(ends[:, 1].max())


def count_on_threads(code: str, spikes: Any, steps: int, neurons: int) -> Any:
    """Events of every neuron in every step, summed over the batch: int32 [steps, neurons].

    Args:
        spikes: [steps·B·neurons], step after step, in each sample after sample.
    """
    sums = np.zeros((steps, neurons), np.int32)
    data = np.array(
        [steps, spikes.size // (steps * neurons), neurons, spikes.ctypes.data, sums.ctypes.data], np.int64
    )  # fmt: skip
    threads = threads_for(neurons, spikes.size)
    on_threads(count_of(code, spikes.dtype.name), data, threads)
    return sums


def threads_for(parts: int, elements: int) -> int:
    """How many share work of so many parts and elements."""
    alone = openmp(os.getpid()) is None
    return 1 if alone else max(1, min(torch.get_num_threads(), parts, elements // LEAST))


def on_threads(work: Any, data: Any, threads: int) -> None:
    """Call a function in C on each of the threads."""
    gomp = openmp(os.getpid())
    if gomp is None or threads == 1:
        work.ctypes(data.ctypes.data)
    else:
        gomp.GOMP_parallel(ctypes.c_void_p(work.address), ctypes.c_void_p(data.ctypes.data), threads, 0)


@lru_cache
def openmp(process: int) -> Any:
    """The OpenMP library that torch has loaded, or None; kernels find out from it which thread they are on."""
    library = None
    if process == IMPORTED_BY and hasattr(os, "RTLD_NOLOAD"):
        try:
            library = ctypes.CDLL("libgomp.so.1", os.RTLD_NOLOAD | os.RTLD_NOW)
        except OSError:
            library = None
    for name, alone in ALONE.items():
        function = alone if library is None else getattr(library, name)
        llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    return library
