"""What a fused kernel has to know of a neuron: one family of steps holds nearly all methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

from ..codes import Code

Rounding = Literal["reach", "exceed", "trunc", "floor", "frugal"]
Gate = Literal["none", "memory", "input"]
LIMIT = 2.0**23  # of potentials of whole networks: a float32 holds a potential and a current, whole, to 2^24


@dataclass(frozen=True)
class Step:
    """The step of integrate-and-fire, SD, binary and signed neurons, and its parameters.

        m = v + I;  s = clamp(round(m/θ), −down, β) where the gate is open, else clamp(…, 0, β);  v ← m − sθ

    Attributes:
        theta, start, offset: θ, v(0) and the current added at every step, in the unit of the input current, each
            broadcastable to one sample of it.
        beta, down: most spikes up and down.
        most: most spikes up, unit by unit, where that is less than β.
        gate: what allows spikes down: none do; "memory", those fired before; "input", a positive sum of currents.
        rounding: "reach" (1 where m ≥ θ), "exceed" (m > θ), "trunc" (towards 0), "floor", "frugal" (as signed digits).
        surcharge: of "frugal": what one digit more has to gain, c/2; of whole networks c·k/2, rounded.
        peak: the largest of `most`; None: β.
        whole: all of these are whole numbers, and potentials end at ±2^23.
        code: what a spike of magnitude k costs, for counts.
        tiles: parameters as kernels read them, by layout: see `dispatch.tiles_of`.
    """

    theta: Tensor
    start: Tensor
    offset: Tensor | None
    beta: int
    down: int
    gate: Gate
    rounding: Rounding
    most: Tensor | None = None
    surcharge: Tensor | None = None
    peak: int | None = None
    whole: bool = False
    code: Code = "unary"
    tiles: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
