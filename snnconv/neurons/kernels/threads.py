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
    gomp = openmp(os.getpid())
    threads = 1 if gomp is None else max(1, min(torch.get_num_threads(), blocks, elements // LEAST))
    counts, ends = np.zeros((threads, steps), np.int64), np.zeros((threads, 2), np.float32)
    data = pack([blocks, steps, *integers], [*arrays, counts, ends])
    work = scan_of(kind)
    if gomp is None or threads == 1:
        work.ctypes(data.ctypes.data)
    else:
        gomp.GOMP_parallel(ctypes.c_void_p(work.address), ctypes.c_void_p(data.ctypes.data), threads, 0)
    return counts.sum(0), float(ends[:, 0].min()), float(ends[:, 1].max())


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
