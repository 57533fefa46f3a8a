"""How to train: every choice with its default, checked before anything runs."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import InputError
from .augment import AUGMENTATIONS
from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES


@dataclass(frozen=True)
class Settings:
    """The defaults suit a network that was trained on the same data before.

    The SDM paper trains with SGD of momentum 0.9 and weight decay 1e-5; its learning rate, 1e-3 a tenth every 20 epochs
    at batch 16, is 0.01 at the batch of 128 here by linear scaling and rounded up, and falls by a cosine, which gets
    the most out of few epochs.

    Attributes:
        warmup: epochs in which the learning rate rises evenly to `lr`; the schedule is of those that follow.
        warmup_lr: what it rises from; None: a hundredth of `lr`. end_lr: what the schedule ends with in place of 0.
        decay_vectors: whether weights of one dimension or none decay too: norms, biases, time constants.
        clip_weight_decay: of λ; None: as of the weights, which the paper does. More of it makes thresholds smaller.
        label_smoothing: ε of the cross-entropy, in [0, 1).
        mixup, cutmix: α of Beta(α, α), by which a batch is mixed with itself in the other order; 0: without. With both
            each batch is mixed in one of the two ways.
        augment: names in `AUGMENTATIONS`; None: crop and flip for data opened by name, nothing for loaders, which do it
            themselves.
        ema: decay of a moving average of the weights, which is evaluated and kept in their place; None: without.
        batch_size: samples of a step, over all processes; loaders bring their own.
        early_stop: epochs without a better validation accuracy after which to stop and go back to the best one.
        save_every: steps between two checkpoints, besides one after every epoch.
        precision: "32-true", "bf16-mixed", "16-mixed", "bf16-true" or "64-true".
    """

    epochs: int = 10
    lr: float = 0.01
    optimizer: str = "sgd"
    momentum: float = 0.9
    schedule: str = "cosine"
    warmup: float = 0.0
    warmup_lr: float | None = None
    end_lr: float = 0.0
    weight_decay: float = 1e-5
    decay_vectors: bool = True
    clip_weight_decay: float | None = None
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    augment: tuple[str, ...] | None = None
    ema: float | None = None
    batch_size: int = 128
    seed: int = 0
    early_stop: int | None = None
    save_every: int = 200
    precision: str = "32-true"

    def __post_init__(self) -> None:
        rules: list[tuple[bool, str, str, Any]] = [
            (whole(self.epochs), "epochs", "a whole number, at least 1", self.epochs),
            (0 < self.lr < math.inf, "lr", "a learning rate above 0", self.lr),
            (0 <= self.momentum < 1, "momentum", "a number in [0, 1)", self.momentum),
            (0 <= self.warmup < math.inf, "warmup", "epochs, at least 0", self.warmup),
            (self.warmup_lr is None or 0 <= self.warmup_lr < math.inf, "warmup_lr", "at least 0", self.warmup_lr),
            (0 <= self.end_lr < math.inf, "end_lr", "a learning rate, at least 0", self.end_lr),
            (isinstance(self.decay_vectors, bool), "decay_vectors", "True or False", self.decay_vectors),
            (0 <= self.weight_decay < math.inf, "weight_decay", "a number, at least 0", self.weight_decay),
            (0 <= self.decay_of_clips < math.inf, "clip_weight_decay", "a number, at least 0", self.clip_weight_decay),
            (0 <= self.label_smoothing < 1, "label_smoothing", "a number in [0, 1)", self.label_smoothing),
            (0 <= self.mixup < math.inf, "mixup", "α of a Beta distribution, at least 0", self.mixup),
            (0 <= self.cutmix < math.inf, "cutmix", "α of a Beta distribution, at least 0", self.cutmix),
            (self.ema is None or 0 < self.ema < 1, "ema", "a decay in (0, 1), such as 0.999", self.ema),
            (whole(self.batch_size, 2), "batch_size", "a whole number, at least 2", self.batch_size),
            (self.early_stop is None or whole(self.early_stop), "early_stop", "epochs, at least 1", self.early_stop),
            (whole(self.save_every), "save_every", "steps, at least 1", self.save_every),
        ]
        for holds, name, expected, got in rules:
            if not holds:
                raise InputError(f"{name} is out of range", expected=expected, got=repr(got))
        OPTIMIZERS[self.optimizer]
        SCHEDULES[self.schedule]
        for name in self.augment or ():
            AUGMENTATIONS[name]

    @property
    def decay_of_clips(self) -> float:
        return self.weight_decay if self.clip_weight_decay is None else self.clip_weight_decay


def settings_of(given: Mapping[str, Any]) -> Settings:
    """The settings, those not given as usual.

    Raises:
        InputError: an unknown name, or a value out of range.
    """
    known = [each.name for each in fields(Settings)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"training has no setting {name!r}",
                expected=f"one of {', '.join(known)}",
                remedy=f"did you mean {near[0]!r}?" if near else None,
            )
    augment = given.get("augment")
    return Settings(**{**given, **({} if augment is None else {"augment": tuple(augment)})})


def whole(value: Any, least: int = 1) -> bool:
    return not isinstance(value, bool) and isinstance(value, int) and value >= least
