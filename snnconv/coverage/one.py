"""Verifies one network, whatever becomes of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch

from ..capture.capture import fresh
from ..capture.examples import as_arguments
from ..verification import verify
from .realistic import make_realistic
from .record import Network
from .sizes import build_sized, size_of

SAMPLES, STEPS = 4, 32
LONGEST = 500  # characters of a reason


def measured(model: str, seed: int) -> Network:
    """The record of one network: of every error too, as those of torch and of the zoos themselves."""
    started = time.process_time()
    try:
        found = verified(model, seed)
    except Exception as error:
        found = failure(model, f"{type(error).__name__}: {error}")
    return replace(found, seconds=round(time.process_time() - started, 1), peak_memory=peak_memory())


def verified(model: str, seed: int) -> Network:
    """Build it with seeded weights, make these realistic on the inputs, verify it on the same inputs.

    Raises:
        InputError: the network is not there, or is none that can be verified.
    """
    torch.manual_seed(seed)
    network, reduced = build_sized(model)
    shapes = size_of(model).shapes
    generator = torch.Generator().manual_seed(seed)
    leaves = tuple(torch.randn(SAMPLES, *shape, generator=generator) for shape in shapes)
    make_realistic(network, fresh(as_arguments(network, leaves)), seed)
    found = verify(network, [{"input": leaves}], T=STEPS, samples=SAMPLES, seed=seed, name=model)
    return Network.of(model, [list(shape) for shape in shapes], reduced, found)


def failure(model: str, reason: str) -> Network:
    """The record of a network of which there are no figures."""
    lines = reason.strip().splitlines() or ["no reason told"]
    return Network(model, [list(shape) for shape in size_of(model).shapes], [], failed=" ".join(lines)[:LONGEST])


def peak_memory() -> int:
    """The most memory held so far, in bytes; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return next(
        (
            int(line.split()[1]) * 1024
            for line in status.read_text(encoding="utf-8").splitlines()
            if line.startswith("VmHWM:")
        ),
        0,
    )
