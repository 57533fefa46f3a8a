"""Learning rates over time: functions of how far the training is, so that there is no state to save."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..registry import Registry

if TYPE_CHECKING:
    from .settings import Settings

Schedule = Callable[[float, float], float]  # (epochs done, of so many) → a factor, 1 at the start
SCHEDULES: Registry[Schedule] = Registry("schedule")
STEP = 20  # epochs
LEAST = 0.01


def rate(settings: Settings, done: float) -> float:
    """The learning rate after `done` epochs, e the schedule's factor of the epochs after the warm-up:

        done < warmup:  lr₀ + (lr − lr₀)·done/warmup;  then  lr₁ + (lr − lr₁)·e

    lr₀ = `warmup_lr`, a hundredth of lr where it is None; lr₁ = `end_lr`.
    """
    lr, warmup = settings.lr, settings.warmup
    if done < warmup:
        start = LEAST * lr if settings.warmup_lr is None else settings.warmup_lr
        return start + (lr - start) * done / warmup
    factor = SCHEDULES[settings.schedule](done - warmup, settings.epochs - warmup)
    return settings.end_lr + (lr - settings.end_lr) * factor


@SCHEDULES.register("cosine")
def cosine(done: float, epochs: float) -> float:
    """½(1 + cos(π·done/epochs)): from 1 to 0 (Loshchilov & Hutter, ICLR 2017, without restarts)."""
    return 0.5 * (1 + math.cos(math.pi * min(done / epochs, 1.0)))


@SCHEDULES.register("step")
def step(done: float, epochs: float) -> float:
    """A tenth every 20 epochs, as the SDM paper trains."""
    return 0.1 ** (int(done) // STEP)


@SCHEDULES.register("constant")
def constant(done: float, epochs: float) -> float:
    """1 throughout."""
    return 1.0
