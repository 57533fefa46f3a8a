"""`finetune`: weights and λ of a network with learnable clips, trained together."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from ..bench.distributed import PATIENCE, Group
from ..bench.fingerprint import describe_data, fingerprint
from ..convert.clip import clips_of
from ..data import DataSource
from ..errors import InputError
from ..progress import progress
from ..provenance import provenance
from .average import Average, averaged
from .checkpoint import load_checkpoint, random_states, restore_random_states, save_checkpoint
from .engine import launch
from .feed import USUAL, Feed, feed_of
from .logs import LOGS, CSVLog
from .optimizers import optimizer_of
from .result import Epoch, FineTuning
from .schedules import SCHEDULES
from .score import scores, validate
from .settings import Settings, settings_of

log = logging.getLogger("snnconv")


def finetune(
    clipped: nn.Module,
    data: Iterable[Any],
    val: Iterable[Any],
    *,
    folder: str | PathLike[str] = "snnconv-out/finetune",
    resume: bool = True,
    log: str = "csv",
    device: str = "cpu",
    **settings: Any,
) -> FineTuning:
    """Train a network with learnable clips; λ and weights learn together.

    The network is trained in place and left in eval mode. After every epoch, and every `save_every` steps between, a
    checkpoint is written to `folder`; a training that was killed continues from it when it is called again in the same
    way, and ends with the weights of an undisturbed one (on the CPU to the bit). Under torchrun every process takes a
    share of each batch.

    Args:
        clipped: what `snnconv.clip` made.
        data: training data: a `DataSource` (`open_data`), which is shuffled and augmented, or any loader of (x, y).
        val: validation data in the same forms. Only `early_stop` chooses by it.
        folder: for the checkpoint, the log and the result; made where it is missing.
        resume: continue what is in the folder; False drops it.
        log: "csv" (finetune.csv) or "tensorboard" (that too).
        device: cpu, cuda, cuda:1, …
        settings: `epochs=10`, `lr=0.01` and the other fields of `snnconv.train.Settings`.

    Returns:
        The course of the training, also saved in the folder as finetune.json, .csv, .png and .svg.

    Raises:
        InputError: a setting out of range, data that cannot be used, a network without clips, a folder with a training
            of other settings, a loss that became infinite, or an engine that is not installed.
    """
    chosen = settings_of(settings)
    sites = clips_of(clipped)
    assert isinstance(clipped, fx.GraphModule)
    if log not in LOGS:
        raise InputError("unknown log", expected=", ".join(LOGS), got=repr(log))
    root = made(folder)
    writer = LOGS[log](root)
    fabric = launch(device, chosen.precision)
    group = group_of(fabric)
    feed = feed_of(data, chosen.batch_size, chosen.augment, chosen.seed, group)
    configuration = configuration_of(clipped, data, val, chosen, group)
    kept = load_checkpoint(root, configuration) if resume else None

    optimizer = optimizer_of(clipped, chosen)
    network, optimizer = fabric.setup(clipped, optimizer)
    start = {name: float(clip.ceiling.mean()) for name, clip in sites.items()}
    run = Run(fabric, group, clipped, network, optimizer, feed, val, chosen, configuration, root, writer, start)
    run.begin() if kept is None else run.restore(kept)
    run.train()
    return run.finish()


@dataclass
class Run:
    """One training: what it works with, and how far it is.

    Attributes:
        network: the clipped network; wrapped: the same for the forward pass, as the engine wants it.
        start: {site: mean λ} before the first step.
        epoch, batch: the next to do; step: optimiser steps done.
        loss_sum, correct, seen: of this process's share of the epoch so far.
        course: finished epochs.
        best: weights of the best epoch, where they may be wanted.
    """

    fabric: Any
    group: Group
    network: fx.GraphModule
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
        while self.epoch < self.settings.epochs and not self.is_stopped():
            self.one_epoch()
            self.end_epoch()

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
        self.lr = settings.lr * SCHEDULES[settings.schedule](done, settings.epochs)
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = self.lr
        where = f"training batch {self.batch} of epoch {self.epoch + 1}"
        output, labels = scores(self.wrapped, self.network, batch, where)
        loss = F.cross_entropy(output, labels, label_smoothing=settings.label_smoothing)
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
        self.correct += int((output.argmax(1) == labels).sum())
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
            ceilings = torch.cat([clip.ceiling.flatten().float().cpu() for clip in clips_of(self.network).values()])
            accuracy = 100 * correct / samples
            before = max((epoch.val_accuracy for epoch in self.course), default=-1.0)
            if self.settings.early_stop is not None and accuracy > before:
                self.best = {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}
        least, mean, most = float(ceilings.min()), float(ceilings.mean()), float(ceilings.max())
        self.course.append(Epoch(self.epoch, loss, train_accuracy, accuracy, self.lr, least, mean, most))
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
        if self.epoch < self.settings.epochs:
            place = f"batch {self.batch} of epoch {self.epoch + 1}"
            log.warning(f"continuing at {place}, as {self.folder} says")

    def finish(self) -> FineTuning:
        """The network with its final weights, the result on disk."""
        if self.best is not None:
            self.network.load_state_dict(self.best)
        elif self.average is not None:
            self.network.load_state_dict(self.average.values)
        self.network.eval()
        ceilings = {name: float(clip.ceiling.mean()) for name, clip in clips_of(self.network).items()}
        result = FineTuning(
            epochs=self.course,
            samples=self.samples,
            best=self.best_epoch(),
            ceilings={name: (self.start[name], value) for name, value in ceilings.items()},
            configuration=dict(self.configuration),
            provenance=provenance(self.settings.seed),
        )
        self.network.meta["training"] = {**self.configuration["settings"], "val_accuracy": result.accuracy}
        if self.configuration["data"]["normalization"] is not None:
            self.network.meta["normalization"] = self.configuration["data"]["normalization"]
        if self.group.first:
            result.save(self.folder)
        return result


def configuration_of(
    network: fx.GraphModule, data: Iterable[Any], val: Iterable[Any], settings: Settings, group: Group
) -> dict[str, Any]:
    """Everything on which the outcome depends; `save_every` and what only looks on do not belong to it."""
    chosen = asdict(settings)
    del chosen["save_every"]
    if settings.augment is None:
        chosen["augment"] = list(USUAL) if isinstance(data, DataSource) else []
    first = next(iter(clips_of(network).values()))
    described = {name: describe_data(source) for name, source in (("data", data), ("val", val))}
    for source in described.values():
        assert source is not None
        del source["batch_size"]
    return {
        "settings": {**chosen, "augment": list(chosen["augment"])},
        "activation": {"kind": type(first).__name__, **first.settings()},
        "start": fingerprint(network)[:16],
        "processes": group.size,
        **described,
    }


def group_of(fabric: Any) -> Group:
    """The processes of the engine, for what they tell each other besides gradients."""
    if fabric.world_size == 1:
        return Group()
    import torch.distributed as dist

    channel = dist.new_group(backend="gloo", timeout=PATIENCE)
    return Group(fabric.global_rank, fabric.world_size, None, channel)


def made(folder: str | PathLike[str]) -> Path:
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("cannot make the output folder", got=error.strerror, where=str(root)) from error
    return root
