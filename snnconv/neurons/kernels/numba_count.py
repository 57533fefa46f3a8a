"""Events of every neuron, summed over the batch, in one pass over spikes as they lie in memory."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]

from .numba_scan import (
    KEEPS,
    array_at,
    compiled,
    digits_of,
    function_in_c,
    omp_get_num_threads,
    omp_get_thread_num,
    ones_of,
)

NUMBERS = 5  # steps, samples, neurons, and where spikes and sums lie


@lru_cache
def count_of(code: str, spikes: str) -> Any:
    """The kernel for a code and a type of spikes, as a function in C that threads call."""
    binary, signed = code == "binary", code == "signed"
    spike_type = np.dtype(spikes).type

    @compiled
    def count_neurons(first: int, last: int, steps: int, samples: int, neurons: int, sent: Any, sums: Any) -> None:
        """Neurons `first` … `last` − 1; element (t, b, i) of `sent` is at (t·samples + b)·neurons + i."""
        for t in range(steps):
            counted = sums[t * neurons + first : t * neurons + last]
            for b in range(samples):
                base = (t * samples + b) * neurons
                row = sent[base + first : base + last]
                for i in range(last - first):
                    k = np.int32(abs(np.int32(row[i])))
                    counted[i] += ones_of(k) if binary else digits_of(k) if signed else k

    @function_in_c(types.void(types.voidptr), nopython=True, cache=KEEPS, error_model="numpy")
    def count_part(data: Any) -> None:
        """One thread's part."""
        a = carray(data, (NUMBERS,), np.int64)
        part, parts = omp_get_thread_num(), omp_get_num_threads()
        steps, samples, neurons = a[0], a[1], a[2]
        count_neurons(
            neurons * part // parts, neurons * (part + 1) // parts, steps, samples, neurons,
            array_at(a[3], steps * samples * neurons, spike_type), array_at(a[4], steps * neurons, np.int32),
        )  # fmt: skip

    return count_part
