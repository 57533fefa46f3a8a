"""Neurons whose spikes carry binary weights: several thresholds θ, θ/2, … tried in turn."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..errors import InputError
from .codes import Code
from .registry import NEURONS
from .sd import Gate, Retract, ScalableDualThreshold

MOST_BITS = 16


@NEURONS.register("binary")
class BinaryWeighted(ScalableDualThreshold):
    """n thresholds αλ, αλ/2, … αλ/2^(n−1), each compared once a step, the largest first, and taken away where reached.

        for i = 0 … n−1:  b_i = 1 if v ≥ αλ/2^i;  v ← v − b_i·αλ/2^i

    The bits b_i are those of one whole number k = clamp(⌊v/θ⌋, 0, 2^n − 1) in units of the smallest threshold
    θ = αλ/2^(n−1): the SD neuron of that θ and β = 2^n − 1. One step represents up to (2 − 2^(1−n))·αλ. Each bit is a
    spike on a line of its own, so that k costs its 1 bits.

    Args:
        threshold: λ. alpha: the largest threshold in units of λ, (0, 1].
        bits: n.
        down_limit, gate, retract: as of SD neurons; the published neuron fires no negative spikes.
        v0: initial potential in units of the smallest threshold θ.

    Source: H-MT, AAAI 2026 (harmony multi-threshold neurons; v(0) = λ_min/2).
    """

    code: Code = "binary"

    def __init__(
        self,
        threshold: Tensor | float,
        *,
        alpha: float = 1.0,
        bits: int = 4,
        down_limit: int = 0,
        gate: Gate = "memory",
        retract: Retract = "threshold",
        v0: float = 0.5,
    ) -> None:
        check_bits(bits)
        if not 0 < alpha <= 1:
            raise InputError("alpha is out of range", expected="a threshold scale in (0, 1]", got=repr(alpha))
        options: dict[str, Any] = {"down_limit": down_limit, "gate": gate, "retract": retract, "v0": v0}
        options |= {"alpha": alpha * 2.0 ** (1 - bits), "beta": 2**bits - 1}
        super().__init__(threshold, **options)
        self.bits = bits


def check_bits(bits: int) -> None:
    if not 1 <= bits <= MOST_BITS or bits != int(bits):
        raise InputError("bits is out of range", expected=f"a whole number, 1 to {MOST_BITS}", got=repr(bits))
