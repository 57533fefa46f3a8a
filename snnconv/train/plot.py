"""The picture of a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..bench.plots.style import BLUE, GREEN, ORANGE, WIDTH, legend_below, picture

if TYPE_CHECKING:
    from .result import FineTuning


def plot_course(course: FineTuning, path: Path) -> None:
    """Accuracy and loss over epochs, and the range of λ beside them."""
    trained = [epoch for epoch in course.epochs if epoch.loss is not None]
    with picture(path, WIDTH, 3.2) as figure:
        left, middle, right = figure.subplots(1, 3)
        numbers = [epoch.epoch for epoch in course.epochs]
        left.plot(numbers, [e.val_accuracy for e in course.epochs], color=BLUE, marker="o", label="validation")
        shown = [e.epoch for e in trained]
        left.plot(shown, [e.train_accuracy for e in trained], color=ORANGE, marker="s", label="training, augmented")  # type: ignore[arg-type]
        left.set(title="Accuracy (%)", xlabel="epoch")
        middle.plot(shown, [e.loss for e in trained], color=ORANGE, marker="s")  # type: ignore[arg-type]
        middle.set(title="Loss", xlabel="epoch")
        low, high = [e.least for e in course.epochs], [e.most for e in course.epochs]
        right.fill_between(numbers, low, high, color=GREEN, alpha=0.2, linewidth=0, label="least to most λ")
        right.plot(numbers, [e.mean for e in course.epochs], color=GREEN, marker="D", label="mean λ")
        right.set(title="λ", xlabel="epoch", ylim=(0, None))
        for axes in (left, middle, right):
            axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[attr-defined]
        entries = {label: line for axes in (left, right) for line, label in zip(*axes.get_legend_handles_labels())}
        legend_below(figure, list(entries.values()), list(entries))
