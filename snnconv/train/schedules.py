"""Learning rates over time: functions of how far the training is, so that there is no state to save."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..registry import Registry

Schedule = Callable[[float, int], float]  # (epochs done, of so many) → what the learning rate is multiplied by
SCHEDULES: Registry[Schedule] = Registry("schedule")
STEP = 20  # epochs
LEAST = 0.01


def warmed(done: float, warmup: float) -> float:
    """What the learning rate is multiplied by in the first `warmup` epochs: it rises evenly, from a hundredth."""
    return min(1.0, LEAST + (1 - LEAST) * done / warmup) if warmup else 1.0


@SCHEDULES.register("cosine")
def cosine(done: float, epochs: int) -> float:
    """½(1 + cos(π·done/epochs)): from 1 to 0 (Loshchilov & Hutter, ICLR 2017, without restarts)."""
    return 0.5 * (1 + math.cos(math.pi * min(done / epochs, 1.0)))


@SCHEDULES.register("step")
def step(done: float, epochs: int) -> float:
    """A tenth every 20 epochs, as the SDM paper trains."""
    return 0.1 ** (int(done) // STEP)


@SCHEDULES.register("constant")
def constant(done: float, epochs: int) -> float:
    """1 throughout."""
    return 1.0
