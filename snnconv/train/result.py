"""What a training gives besides the network: its course, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from ..bench.results import Result


@dataclass(frozen=True)
class Epoch:
    """After so many epochs; 0 is the start.

    Attributes:
        loss, train_accuracy: means over the training samples as they were seen, augmented; None at the start.
        val_accuracy: percent of the validation samples, of the averaged weights where there is an average.
        lr: learning rate of the last step.
        least, mean, most: of all λ.
    """

    epoch: int
    loss: float | None
    train_accuracy: float | None
    val_accuracy: float
    lr: float
    least: float
    mean: float
    most: float


@dataclass
class FineTuning(Result):
    """The course of a training.

    Attributes:
        ceilings: {site: mean λ} at the start and at the end.
        best: the epoch whose weights the network has: the last, or with `early_stop` the best.
    """

    NAME: ClassVar[str] = "finetune"

    epochs: list[Epoch]
    samples: int
    best: int
    ceilings: dict[str, tuple[float, float]]
    configuration: dict[str, Any]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Of the network as it is now, on the validation data, in percent."""
        return next(epoch.val_accuracy for epoch in self.epochs if epoch.epoch == self.best)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        epochs = [Epoch(**epoch) for epoch in document["epochs"]]
        ceilings = {name: (float(start), float(end)) for name, (start, end) in document["ceilings"].items()}
        return cls(**{**document, "epochs": epochs, "ceilings": ceilings})

    def table(self) -> Iterable[dict[str, Any]]:
        return rows_of(self.epochs)

    def plot(self, path: str | PathLike[str]) -> None:
        from .plot import plot_course  # matplotlib takes a while to import

        plot_course(self, Path(path))


COLUMNS = {"least": "lambda_min", "mean": "lambda_mean", "most": "lambda_max"}


def rows_of(epochs: Iterable[Epoch]) -> list[dict[str, Any]]:
    """The rows of the log."""
    return [{COLUMNS.get(key, key): value for key, value in asdict(epoch).items()} for epoch in epochs]
