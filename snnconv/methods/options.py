"""What can be set of a conversion: one row an option. `convert`, the command line, grids and labels come from here.

A neuron with an option of its own needs its row here and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Option:
    """An option of a conversion.

    Attributes:
        name: of the argument of `convert`.
        read: from text to its value; raises ValueError or KeyError for what is not one.
        expected: what it can be, as an error says it.
        help: its line on a help page. placeholder: what stands for its value there.
        symbol: how labels and papers write it; None: its name.
        flags: on the command line; empty: made of the name.
    """

    name: str
    read: Callable[[str], Any]
    expected: str
    help: str
    placeholder: str
    symbol: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.symbol or self.name

    @property
    def declarations(self) -> tuple[str, ...]:
        """As click takes them."""
        return (*(self.flags or (f"--{self.name.replace('_', '-')}",)), self.name)

    @property
    def spellings(self) -> set[str]:
        """All that it is called, anywhere."""
        flags = {flag.removeprefix("--").replace("-", "_") for flag in self.flags if "/" not in flag}
        return {self.name, self.label, *flags}


def number(text: str) -> float:
    """`0.2`, or `1/15`, as labels write it."""
    try:
        return float(Fraction(text)) if "/" in text else float(text)
    except ArithmeticError as error:  # divided by 0, or larger than any float
        raise ValueError(text) from error


def whole(text: str) -> int:
    """A whole number of 32 bits."""
    value = int(text)
    if not is_short(value):
        raise ValueError(text)
    return value


def is_short(value: int) -> bool:
    """Whether 32 bits hold it: no count, size or level is larger, and not all of torch takes larger ones."""
    return -(2**31) <= value < 2**31


def truth(text: str) -> bool:
    return TRUTH[text.lower()]


def names(text: str) -> tuple[str, ...]:
    """`shift+bias` or `shift,bias` → ("shift", "bias"); `none` → ()."""
    return () if text.strip() == "none" else tuple(part.strip() for part in re.split("[+,]", text))


def bits_of(text: str) -> int | str:
    """Bits of weights, or `float`."""
    return {"8": 8, "16": 16, "float": "float"}[text.lower()]


COUNT, FEW = "a whole number ≥ 1 that fits in 32 bits", "a whole number ≥ 0 that fits in 32 bits"
STEPS = "a whole number of steps"
OPTIONS = {
    option.name: option
    for option in (
        Option("alpha", number, "a number in (0, 1]", "Threshold scale α in (0, 1]: a spike is worth αλ.", "A", "α",
               ("--alpha", "--threshold-scale")),
        Option("beta", whole, COUNT,
               "Maximum number of spikes that a neuron may fire in one step, ≥ 1. This is not the membrane decay that "
               "other tools call beta.",
               "B", "β", ("--beta", "--max-spikes")),
        Option("gate", str, "memory or input",
               "Condition for a negative spike: memory (spikes fired before) or input (Σ I > 0).", "NAME"),
        Option("retract", str, "threshold or zero",
               "When a spike is taken back: threshold (m ≤ −θ, as published) or zero (m < 0).", "NAME"),
        Option("down_limit", whole, FEW, "Maximum number of negative spikes in one step, 0…β.", "N"),
        Option("bits", whole, COUNT, "Number of binary digits of a weighted spike (mt, mt-signed, dcgs).", "N"),
        Option("tau", whole, STEPS, "Steps that find the neurons that stay silent (srp); they count as latency.", "N"),
        Option("rho", whole, STEPS, "Steps that find initial potentials (cos); they count as latency.", "N"),
        Option("delay", whole, STEPS, "Steps before the output is read (ltb); they count as latency.", "N"),
        Option("cost", number, "a number in [0, 1)",
               "Smallest reduction in squared error, in θ², for which a spike is sent, from 0 to 1 (auto).", "C"),
        Option("threshold", str, "a rule, such as percentile:99.9",
               "Rule for λ, such as percentile:99.9, max, mse or learned.", "RULE"),
        Option("corrections", names, "names, such as shift+bias, or none",
               "Corrections computed with the actual spikes, applied in the order given, instead of the method's: "
               "shift, bias, bias-per-step, potential, weights; or none. Their result depends on T.",
               "NAME[,NAME…]", "correct", ("--correct",)),
        Option("weight_bits", bits_of, "8, 16 or float",
               "Bits of weights: 8 or 16 make every weight, threshold and potential a whole number; float leaves them.",
               "8|16|float"),
        Option("per_channel", truth, "true or false", "One λ per channel or one per layer.", "", None,
               ("--per-channel/--per-layer",)),
    )
}  # fmt: skip
OF_EVERY_METHOD = ("threshold", "corrections", "weight_bits", "per_channel")  # the others are of some neurons
