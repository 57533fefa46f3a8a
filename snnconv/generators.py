"""Random generators that everyone draws from: their states, kept and brought back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_states() -> dict[str, Any]:
    """Of every generator that a network or a loader may draw from, as plain data, which processes can exchange."""
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state().tolist(),
        "cuda": [state.tolist() for state in (torch.cuda.get_rng_state_all() if torch.cuda.is_available() else ())],
        "python": random.getstate(),
        "numpy": [str(kind), np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }


def restore_random_states(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(torch.tensor(states["torch"], dtype=torch.uint8))
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.tensor(state, dtype=torch.uint8) for state in states["cuda"]])
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))


@contextmanager
def unchanged_generators(loader: Any, seed: int | None = None) -> Iterator[None]:
    """Whatever the body draws, afterwards every generator stands where it stood, also those of a loader's own.

    Args:
        seed: of those that everyone draws from, in the body; None: they go on from where they are.
    """
    holders = (loader, getattr(loader, "sampler", None))
    own = [kept for holder in holders if isinstance(kept := getattr(holder, "generator", None), torch.Generator)]
    states, everyone = [generator.get_state() for generator in own], random_states()
    if seed is not None:
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        restore_random_states(everyone)
        for generator, state in zip(own, states):
            generator.set_state(state)
