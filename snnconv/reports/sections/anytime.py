"""What a video network knows after some of a clip's frames."""

from __future__ import annotations

from typing import Any

from ...bench._anytime import Anytime, LayerRate
from ...bench.early_exit import Exit
from ...plots.caption import data_name
from ..parts import Figure, Section, Tile
from ..tables import resolution, table


def anytime_section(anytime: Anytime) -> Section:
    told = f"{anytime.model}: {anytime.verdict}."
    whole, unit = anytime.rows[-1], f"{anytime.unit} frames" if anytime.unit > 1 else "frame"
    return Section(
        name="anytime",
        title="Accuracy against frames",
        headline=[told],
        tiles=[
            Tile("frames needed", f"{anytime.needed} of {whole.frames}",
                 f"to stay within {anytime.within:g} points of the whole clip, {anytime.model}"),
            *([] if whole.firing is None else
              [Tile("firing rate", f"{whole.firing:.2f} %", "mean over all spiking neurons, steps and clips")]),
        ],
        paragraphs=[
            told,
            f"Measured on {anytime.samples:,} clips of {data_name(anytime.data)}: {resolution(anytime.samples)}. "
            f"After every {unit} the network gives an answer that rests on the frames so far alone.",
            "Early exit: a clip is left at the first answer of which the softmax gives one class at least the "
            "confidence, and seen to its end otherwise. A confidence to be used has to be chosen on other clips than "
            "these.",
        ],
        figures=[
            Figure(
                "anytime", anytime.plot, "Accuracy against the frames seen of a clip",
                f"Top-1 accuracy after the first frames of every clip, with the band within {anytime.within:g} points "
                "of the whole clip, and with early exit, against the mean number of frames a clip took."
                + firing(anytime.layers),
            )
        ],
        tables=[
            table("Early exit", map(exit_row, anytime.exits)),
            *([table("Spiking layers", map(layer_row, anytime.layers))] if anytime.layers else []),
            table("Every answer; spikes of a clip so far", anytime.table(), folded=True),
        ],
    )  # fmt: skip


def firing(layers: list[LayerRate]) -> str:
    """What the panels below show, where there are any."""
    if not layers:
        return ""
    constants = ", and the time constants that were learned" if any(layer.learned for layer in layers) else ""
    return (
        f" Below, of every spiking layer: time steps in which a neuron fires, mean over neurons and clips{constants}."
    )


def exit_row(exit: Exit) -> dict[str, Any]:
    """What is counted in time steps elsewhere are frames here."""
    return {"confidence": exit.confidence, "mean_frames": exit.latency, "accuracy": exit.accuracy, "early": exit.early}


def layer_row(layer: LayerRate) -> dict[str, Any]:
    shown = {"layer": layer.title, "neuron": layer.neuron, "neurons": layer.neurons, "firing": layer.rate}
    return {**shown, "tau": layer.tau, "submodule": layer.name}
