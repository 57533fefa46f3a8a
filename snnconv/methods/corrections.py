"""Which corrections there are, and what each sets: a row each. The passes stand in `convert.corrections`."""

from __future__ import annotations

from dataclasses import dataclass

from ..registry import Registry

TRACKING = "their neurons track a function, and a current in front of it would be another's error"


@dataclass(frozen=True)
class Correction:
    """What corrects a spiking network once its thresholds are set.

    Attributes:
        summary: what it sets.
        at_T: whether what it sets depends on T, so that every T needs a conversion of its own.
        leaves: why it may leave a site as it is.
    """

    summary: str
    at_T: bool = True
    leaves: str = TRACKING


CORRECTIONS: Registry[Correction] = Registry("correction")
for name, row in {
    "bias": Correction("a current per channel, its mean error"),
    "bias-per-step": Correction("a current per channel and time step: the mean error up to that step"),
    "potential": Correction(
        "v(0) of every neuron, T times its mean error",
        leaves="their neurons track a function, or do not start from the v(0) that they are given",
    ),
    "shift": Correction("a current θ/(2T), which turns the floor into rounding"),
    "weights": Correction(
        "weights and bias of the layer before each neuron, by Adam on its clip-floor surrogate",
        leaves="no layer feeds them alone, the weights found were no better, or their neurons track a function",
    ),
}.items():
    CORRECTIONS.register(name)(row)
