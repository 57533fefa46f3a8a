"""What the measurement over frames gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ...documents import Count, Percent
from ...measure.result import Result
from ..early_exit import Exit


@dataclass(frozen=True)
class Moment:
    """After so many frames of every clip.

    Attributes:
        accuracy: top-1 in %, of the answers that are known by then.
        firing: of the neurons of all spiking layers, in % of the time steps so far; None: there are none.
        spikes: fired so far, per clip.
    """

    frames: Count
    accuracy: Percent
    firing: float | None
    spikes: float | None


@dataclass(frozen=True)
class LayerRate:
    """One spiking layer.

    Attributes:
        name: of the submodule. title: what the network's paper calls it.
        neuron: "LIF", "PLIF", …. neurons: per clip; of clips of several sizes the mean.
        rate: time steps in which a neuron fired, in %, mean over neurons, steps and clips.
        tau: its time constant in steps. learned: it was trained with the weights.
    """

    name: str
    title: str
    neuron: str
    neurons: Count
    rate: float
    tau: float
    learned: bool


@dataclass(frozen=True)
class Anytime(Result):
    """Accuracy against frames, early exit, and the firing rate and time constant of every layer.

    Attributes:
        rows: whenever a further answer is known; the last one has seen the whole clip.
        unit: frames between two answers.
        exits: early exit at several confidences; their `latency` is the mean number of frames.
        layers: spiking layers in the order of execution.
        within: how far below the whole clip's accuracy is near enough, in percentage points.
        needed: the fewest frames from which on the accuracy stays within that distance.
        verdict: the same in words.
        model: what was opened, in words.
    """

    NAME: ClassVar[str] = "anytime"
    # Accuracy against frames with early exit, and below it firing rate and time constant by layer.
    PICTURE = "snnconv.plots.anytime.plot_anytime"

    rows: list[Moment]
    unit: int
    exits: list[Exit]
    layers: list[LayerRate]
    within: float
    needed: int
    samples: Count
    data: str
    verdict: str
    model: str = ""
    normalization: dict[str, Any] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """Accuracy against frames; early exits and layers are in the JSON."""
        return [asdict(row) for row in self.rows]
