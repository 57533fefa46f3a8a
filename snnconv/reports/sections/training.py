"""How a network was trained."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...plots.caption import data_name
from ...training.learned import LEARNED
from ...training.result import COLUMNS, FineTuning, History
from ..parts import Figure, Section, Table, Tile
from ..tables import table


def training_section(course: History) -> Section:
    told = sentence(course)
    augmented = ", ".join(course.configuration["settings"]["augment"])
    return Section(
        name=course.NAME,
        title="Fine-tuning" if isinstance(course, FineTuning) else "Training",
        headline=[told],
        tiles=[Tile("validation accuracy", f"{course.accuracy:.2f} %", f"after epoch {course.best}")],
        paragraphs=[
            told,
            f"Trained on {data_name(course.configuration['data']['name'])}. Loss and accuracy of the training are "
            "means over its samples as they were seen while the weights changed"
            + (f", augmented by {augmented}." if augmented else "."),
        ],
        figures=[
            Figure(
                course.NAME, course.plot, "Accuracy and loss over the epochs",
                "Accuracy on validation and training data, and loss, after every epoch; epoch 0 is the start."
                + learned(course),
            )
        ],
        tables=[
            table("Every epoch", [epoch_row(course, asdict(epoch)) for epoch in course.epochs], folded=True),
            *layers(course),
        ],
    )  # fmt: skip


def sentence(course: History) -> str:
    """What was trained for how long, and what came of it."""
    epochs, chosen = course.epochs[-1].epoch, course.configuration["settings"].get("early_stop") is not None
    network = course.configuration.get("network", "network with learnable clips")
    kept = f", of epoch {course.best}, the best by these data" if chosen else ""
    return (
        f"{network}, trained for {epochs} epoch{'s' * (epochs != 1)} of {course.samples:,} samples: "
        f"{course.accuracy:.2f} % of the validation data{kept} ({data_name(course.configuration['val']['name'])})."
    )


def learned(course: History) -> str:
    if course.quantity is None:
        return ""
    each = LEARNED[course.quantity]
    return f" Right: {each.title} of the layers, mean, least and most."


def epoch_row(course: History, values: dict[str, Any]) -> dict[str, Any]:
    """With the symbol of what is learned besides weights."""
    if course.quantity is None:
        return values
    symbol = LEARNED[course.quantity].symbol
    return {f"{COLUMNS[key]} {symbol}" if key in COLUMNS else key: value for key, value in values.items()}


def layers(course: History) -> list[Table]:
    if course.quantity is None:
        return []
    rows = [{"layer": name, "start": start, "end": end} for name, (start, end) in course.learned.items()]
    return [table(f"{LEARNED[course.quantity].title} of every layer, mean", rows, folded=True)]
