"""Pieces of an array on as many threads as torch has, the caller's among them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import torch

LEAST = 2**15  # elements worth a thread of their own: handing one over takes some 20 µs


@lru_cache(maxsize=4)
def pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Of this process: threads do not outlive a fork."""
    return ThreadPoolExecutor(threads, "snnconv-kernel")


def in_pieces(work: Callable[[int, int], None], blocks: int, elements: int) -> None:
    """Call work(first, last) for consecutive ranges that make up range(blocks), and wait for all.

    Args:
        elements: of all blocks together.
    """
    threads = max(1, min(torch.get_num_threads(), blocks, elements // LEAST))
    edges = [blocks * i // threads for i in range(threads + 1)]
    if threads == 1:
        work(0, blocks)
        return
    others = [pool(threads - 1, os.getpid()).submit(work, *piece) for piece in pairwise(edges[1:])]
    work(edges[0], edges[1])
    for other in others:
        other.result()
