"""How many steps it takes."""

from __future__ import annotations

from dataclasses import asdict

from ...bench._latency import Latency
from ...methods.label import label_of
from ..parts import Figure, Section, Tile
from ..tables import table


def sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def latency_section(latency: Latency) -> Section:
    needed = "not reached" if latency.needed is None else str(latency.needed)
    setting = label_of(latency.settings)
    return Section(
        name="latency",
        title="Latency",
        headline=[f"{setting}: {sentence(latency.verdict)}"],
        tiles=[Tile("steps needed", needed, f"to stay within {latency.within:g} points of the ANN, {setting}")],
        paragraphs=[
            f"{setting}: {sentence(latency.verdict)}",
            "Early exit: a sample stops at the first step at which the softmax of its mean output gives one class at "
            "least the confidence. A confidence to be used has to be chosen on other samples than these.",
        ],
        figures=[
            Figure(
                "latency", latency.plot, "Accuracy against time steps, and with early exit",
                f"Left: top-1 accuracy after every step on {latency.samples:,} samples, with the band within "
                f"{latency.within:g} points of the ANN. Right: early exit, accuracy against the mean number of steps a "
                "sample took.",
            )
        ],
        tables=[
            table("Early exit", [asdict(exit) for exit in latency.exits]),
            table("Every time step", [asdict(row) for row in latency.rows], ("steps", "accuracy"), folded=True),
        ],
        notices=latency.notices,
    )  # fmt: skip
