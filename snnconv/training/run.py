"""One training: its loop, and everything it needs to be saved and continued."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from ..errors import InputError
from ..generators import random_states, restore_random_states
from ..measure.distributed import Group
from ..progress import progress
from ..provenance import provenance
from .average import Average, averaged
from .checkpoint import FILE, fitting, save_checkpoint
from .feed import Feed
from .learned import Learned, means
from .logs import CSVLog
from .mix import mixed_batch
from .result import Epoch, History
from .schedules import rate
from .score import scores, validate
from .settings import Settings

log = logging.getLogger("snnconv")


@dataclass
class Run:
    """One training: what it works with, and how far it is.

    Attributes:
        kind: of the result. quantity: what layers learn besides weights.
        network: what is trained; wrapped: the same for the forward pass, as the engine wants it.
        start: {layer: mean λ or τ} before the first step.
        epoch, batch: the next to do; step: optimiser steps done.
        loss_sum, correct, seen: of this process's share of the epoch so far.
        course: finished epochs.
        best: weights of the best epoch, where they may be wanted.
    """

    kind: type[History]
    quantity: Learned | None
    fabric: Any
    group: Group
    network: nn.Module
    wrapped: nn.Module
    optimizer: Optimizer
    feed: Feed
    val: Iterable[Any]
    settings: Settings
    configuration: Mapping[str, Any]
    folder: Path
    log: CSVLog
    start: dict[str, float]
    average: Average | None = None
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seen: int = 0
    samples: int = 0
    lr: float = 0.0
    course: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] | None = None
    generators: Mapping[str, Any] | None = None

    def begin(self) -> None:
        """Score the network as it came."""
        if self.settings.ema is not None:
            self.average = Average(self.network, self.settings.ema)
        torch.manual_seed(self.settings.seed)
        self.lr = self.settings.lr
        self.score(None, None)

    def train(self) -> None:
        try:
            while self.epoch < self.settings.epochs and not self.is_stopped():
                self.one_epoch()
                self.end_epoch()
        except KeyboardInterrupt:
            if self.group.first and (self.folder / FILE).exists():
                log.warning(f"the training so far is in {self.folder}; the same command again continues")
            raise

    def one_epoch(self) -> None:
        """The batches of an epoch, from `batch` on."""
        self.network.train()
        total, number = self.feed.batches, self.epoch
        text = f"epoch {number + 1}/{self.settings.epochs}"
        with progress(text, total, done=self.batch) as bar:
            for batch in self.feed.epoch(number, self.batch, self.as_interrupted):
                self.one_step(batch, number + self.batch / total if total else float(number))
                bar.advance()
                bar.describe(f"{text}  loss {self.loss_sum / self.seen:.3f}  {100 * self.correct / self.seen:.1f} %")
                if self.batch % self.settings.save_every == 0 and self.batch != total:
                    self.save()

    def as_interrupted(self) -> None:
        """Every random generator as it was when the checkpoint was written."""
        if self.generators is not None:
            restore_random_states(self.generators)
            self.generators = None

    def one_step(self, batch: Any, done: float) -> None:
        """One batch: forward, backward, update.

        Args:
            done: epochs done, for the schedule.
        """
        settings = self.settings
        self.lr = rate(settings, done)
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = self.lr
        where = f"training batch {self.batch} of epoch {self.epoch + 1}"
        inputs, share = mixed_batch(batch[0], settings, self.epoch, self.batch)
        output, labels = scores(self.wrapped, self.network, (inputs, batch[1]), where)
        loss = share * F.cross_entropy(output, labels, label_smoothing=settings.label_smoothing)
        if share < 1:
            other = F.cross_entropy(output, labels.flip(0), label_smoothing=settings.label_smoothing)
            loss = loss + (1 - share) * other
        value = loss.item()
        if not math.isfinite(value):
            raise InputError(
                f"the loss became {value}",
                where=where,
                remedy="a smaller lr (--lr), or check the data and their normalisation (--mean, --std)",
            )
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.network)
        self.loss_sum += value * len(labels)
        wanted = labels if share >= 0.5 else labels.flip(0)  # what there is more of
        self.correct += int((output.argmax(1) == wanted).sum())
        self.seen += len(labels)
        self.batch += 1
        self.step += 1

    def end_epoch(self) -> None:
        told = self.group.gather((self.loss_sum, self.correct, self.seen))
        loss_sum, correct, seen = (sum(values) for values in zip(*told))
        self.epoch, self.batch = self.epoch + 1, 0
        self.samples = int(seen)
        self.loss_sum, self.correct, self.seen = 0.0, 0, 0
        self.score(loss_sum / seen, 100 * correct / seen)
        self.save()

    def score(self, loss: float | None, train_accuracy: float | None) -> None:
        """Validate, and put the epoch on record."""
        self.agree()
        with averaged(self.network, self.average):
            correct, samples = validate(self.network, self.val, self.group, self.fabric.autocast())
            values = {} if self.quantity is None else self.quantity.of(self.network)
            accuracy = 100 * correct / samples
            before = max((epoch.val_accuracy for epoch in self.course), default=-1.0)
            if self.settings.early_stop is not None and accuracy > before:
                self.best = {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}
        every = torch.cat([value.flatten().float().cpu() for value in values.values()]) if values else None
        sizes = () if every is None else (float(every.min()), float(every.mean()), float(every.max()))
        self.course.append(Epoch(self.epoch, loss, train_accuracy, accuracy, self.lr, *sizes))
        if self.group.first:
            self.log.write(self.course)

    def agree(self) -> None:
        """Statistics of BatchNorm and of running maxima differ between processes: those of the first count."""
        if self.group.size == 1:
            return
        import torch.distributed as dist

        shared = [*self.network.buffers(), *(self.average.values.values() if self.average else ())]
        for value in shared:
            dist.broadcast(value, 0)

    def is_stopped(self) -> bool:
        """Whether `early_stop` epochs have passed without a better one."""
        patience = self.settings.early_stop
        return patience is not None and self.epoch - self.best_epoch() >= patience

    def best_epoch(self) -> int:
        if self.settings.early_stop is None:
            return self.epoch
        top = max(epoch.val_accuracy for epoch in self.course)
        return next(epoch.epoch for epoch in self.course if epoch.val_accuracy == top)

    def save(self) -> None:
        """The checkpoint: all processes tell what is theirs, the first one writes."""
        own = {"generators": random_states(), "loss_sum": self.loss_sum, "correct": self.correct, "seen": self.seen}
        shares = self.group.gather(own)
        if self.group.first:
            document = {
                "configuration": dict(self.configuration),
                "model": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": None if self.average is None else self.average.values,
                "best": self.best,
                "shares": shares,
                "epoch": self.epoch,
                "batch": self.batch,
                "step": self.step,
                "samples": self.samples,
                "lr": self.lr,
                "start": self.start,
                "course": [asdict(epoch) for epoch in self.course],
            }
            save_checkpoint(self.folder, document)

    def restore(self, document: Mapping[str, Any]) -> None:
        """Continue where the checkpoint was written."""
        with fitting(document, self.folder):
            self._restore(document)
        if self.epoch < self.settings.epochs:
            place = f"batch {self.batch} of epoch {self.epoch + 1}"
            log.warning(f"continuing at {place}, as {self.folder} says")

    def _restore(self, document: Mapping[str, Any]) -> None:
        own = document["shares"][self.group.rank]
        self.network.load_state_dict(document["model"])
        self.optimizer.load_state_dict(document["optimizer"])
        if self.settings.ema is not None:
            self.average = Average(self.network, self.settings.ema)
            self.average.take(document["average"])
        self.best = document["best"]
        for name in ("epoch", "batch", "step", "samples", "lr", "start"):
            setattr(self, name, document[name])
        self.loss_sum, self.correct, self.seen = own["loss_sum"], own["correct"], own["seen"]
        self.course = [Epoch(**epoch) for epoch in document["course"]]
        self.generators = own["generators"]
        if self.batch == 0:  # between two epochs: the feed begins as it always does
            self.as_interrupted()

    def finish(self) -> History:
        """The network with its final weights, the result on disk."""
        if self.best is not None:
            self.network.load_state_dict(self.best)
        elif self.average is not None:
            self.network.load_state_dict(self.average.values)
        self.network.eval()
        result = self.kind(
            epochs=self.course,
            samples=self.samples,
            best=self.best_epoch(),
            quantity=None if self.quantity is None else self.quantity.name,
            learned={name: (self.start[name], value) for name, value in means(self.quantity, self.network).items()},
            configuration=dict(self.configuration),
            provenance=provenance(self.settings.seed),
        )
        if self.group.first:
            result.save(self.folder)
        return result
