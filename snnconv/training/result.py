"""What a training gives besides the network: its course, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ..documents import Count
from ..measure.result import Result


@dataclass(frozen=True)
class Epoch:
    """After so many epochs; 0 is the start.

    Attributes:
        loss, train_accuracy: means over the training samples as they were seen, augmented; None at the start.
        val_accuracy: percent of the validation samples, of the averaged weights where there is an average.
        lr: learning rate of the last step.
        least, mean, most: of all λ or all τ, where there are any.
    """

    epoch: int
    loss: float | None
    train_accuracy: float | None
    val_accuracy: float
    lr: float
    least: float | None = None
    mean: float | None = None
    most: float | None = None


@dataclass
class History(Result):
    """The course of a training.

    Attributes:
        samples: seen in the last epoch.
        best: the epoch whose weights the network has: the last, or with `early_stop` the best.
        quantity: what layers learned besides weights: "lambda" (ceilings of clips), "tau" (time constants of neurons).
        learned: {layer: its mean} at the start and at the end.
    """

    PICTURE = "snnconv.plots.training.plot_course"

    epochs: list[Epoch]
    samples: Count
    best: Count
    quantity: str | None
    learned: dict[str, tuple[float, float]]
    configuration: dict[str, Any]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Of the network as it is now, on the validation data, in percent."""
        return next(epoch.val_accuracy for epoch in self.epochs if epoch.epoch == self.best)

    def table(self) -> Iterable[dict[str, Any]]:
        return rows_of(self.epochs, self.quantity)


@dataclass
class FineTuning(History):
    """The course of a training with learnable clips."""

    NAME: ClassVar[str] = "finetune"


@dataclass
class Training(History):
    """The course of a training from the start."""

    NAME: ClassVar[str] = "train"


COLUMNS = {"least": "min", "mean": "mean", "most": "max"}


def rows_of(epochs: Iterable[Epoch], quantity: str | None) -> list[dict[str, Any]]:
    """The rows of the log."""
    rows = []
    for epoch in epochs:
        values = asdict(epoch)
        found = {f"{quantity}_{new}": values.pop(old) for old, new in COLUMNS.items()}
        rows.append(values if quantity is None else {**values, **found})
    return rows
