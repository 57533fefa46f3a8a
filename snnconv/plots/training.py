"""The picture of a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..training.learned import LEARNED
from .style import BLUE, GREEN, ORANGE, WIDTH, legend_below, picture

if TYPE_CHECKING:
    from ..training.result import History

MOST_MARKED = 40  # epochs; more are drawn as lines alone


def plot_course(course: History, path: Path) -> None:
    """Accuracy and loss over epochs, and beside them the range of λ or τ where there is one."""
    trained = [epoch for epoch in course.epochs if epoch.loss is not None]
    marks = len(course.epochs) <= MOST_MARKED
    blue, orange, green = (
        {"color": color, "marker": mark if marks else None}
        for color, mark in ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"))
    )
    with picture(path, WIDTH, 3.2) as figure:
        panels = figure.subplots(1, 2 if course.quantity is None else 3)
        left, middle = panels[:2]
        numbers = [epoch.epoch for epoch in course.epochs]
        left.plot(numbers, [e.val_accuracy for e in course.epochs], **blue, label="validation")
        shown = [e.epoch for e in trained]
        left.plot(shown, [e.train_accuracy for e in trained], **orange, label="training, as augmented")  # type: ignore[arg-type]
        left.set(title="Accuracy (%)", xlabel="epoch")
        middle.plot(shown, [e.loss for e in trained], **orange)  # type: ignore[arg-type]
        middle.set(title="Loss", xlabel="epoch", ylim=(0, None))
        if course.quantity is not None:
            each, right = LEARNED[course.quantity], panels[2]
            low, high = [e.least for e in course.epochs], [e.most for e in course.epochs]
            right.fill_between(
                numbers, low, high, color=GREEN, alpha=0.2, linewidth=0, label=f"least to most {each.symbol}"
            )
            right.plot(numbers, [e.mean for e in course.epochs], **green, label=f"mean {each.symbol}")
            right.set(title=each.title, xlabel="epoch", ylim=(0, None))
        for axes in panels:
            axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[attr-defined]
        entries = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels())}
        legend_below(figure, list(entries.values()), list(entries))
