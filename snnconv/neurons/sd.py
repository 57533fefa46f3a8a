"""The scalable dual-threshold (SD) burst neuron of Scalable Dual threshold Mapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from .kernels.step import Step
from .registry import NEURONS
from .temporal import Neuron

Gate = Literal["memory", "input"]
Retract = Literal["threshold", "zero"]


class SDState(NamedTuple):
    v: Tensor  # membrane potential, in the unit of the input current
    low: Tensor  # −O, minus the net spikes emitted so far: whole numbers, exact in float32 to 2^24, never a sum of ±θ
    drive: Tensor | None  # M = Σ I so far, kept only where an input gate decides on negative spikes

    @property
    def fired(self) -> Tensor:
        """O, the net spikes emitted so far."""
        return -self.low


def sd_step(
    current: Tensor,
    state: SDState,
    theta: Tensor,
    beta: int,
    down_limit: int,
    gate: Gate = "memory",
    retract: Retract | Callable[[Tensor, Tensor], Tensor] = "threshold",
    out: SDState | None = None,
) -> tuple[Tensor, SDState]:
    """One step of the SD neuron.

        m = v + I
        up = clamp(⌊m/θ⌋, 0, β)
        down = clamp(n, 0, down_limit), n = ⌊−m/θ⌋ (retract "threshold") or ⌈−m/θ⌉ ("zero"), where the gate is open
        s = up − down;  v ← m − sθ;  O ← O + s

    The gate: "memory" allows at most O down-spikes (O > 0 opens it, Eq. 9 read with the neuron's own memory); "input"
    opens where M = Σ I > 0 (Eq. 9 literally). Both terms are one expression: rounding m/θ towards zero ("threshold")
    or down ("zero"), clamped to [−allowed, β].

    Args:
        current: I [B, …]. theta: θ = αλ, broadcastable to it.
        beta: most spikes up in a step. down_limit: most spikes down.
        retract: how m/θ is rounded to a whole number; another rule of m and θ may be given in place of the two.
        out: memory for the next state, which may be that of `state`; new memory where it is None.

    Returns:
        Spikes s, whole numbers in {−down_limit … β}, shaped like `current`, and the next state.

    Source: You et al., "Converting ANNs to Ultra-Low-Latency SNNs for Action Recognition", IEEE TCDS 2024, Eqs. 8, 9,
    11, Alg. 1. `retract="zero"` is ours.
    """
    v, low, drive = out or (None, None, None)
    m = torch.add(state.v, current, out=v)
    # A division that truncates is one pass over memory; one that floors would be Python's slow, exact one.
    if callable(retract):
        wanted = retract(m, theta)
    else:
        wanted = (m / theta).floor_() if retract == "zero" else torch.div(m, theta, rounding_mode="trunc")
    if down_limit == 0:
        spikes = wanted.clamp_(0, beta)
    elif gate == "memory":
        spikes = torch.maximum(wanted, state.low, out=wanted).clamp_(-down_limit, beta)
    else:
        assert state.drive is not None
        drive = torch.add(state.drive, current, out=drive)
        spikes = wanted.clamp_(-down_limit, beta).clamp_(min=torch.where(drive > 0, -down_limit, 0))
    return spikes, SDState(m.addcmul_(spikes, theta, value=-1), torch.sub(state.low, spikes, out=low), drive)


@NEURONS.register("sd")
class ScalableDualThreshold(Neuron):
    """SD neuron: θ = αλ, up to β spikes a step, negative spikes that take earlier ones back.

        m = v + I;  s = clamp(⌊m/θ⌋, 0, β) − clamp(⌊−m/θ⌋, 0, down_limit);  v ← m − sθ;  O ← O + s

    with at most O negative spikes; how `gate` and `retract` change that: `sd_step`.

    Args:
        threshold: λ, one value or one per channel.
        alpha: threshold scale α in (0, 1].
        beta: the most spikes a neuron may fire in a step, ≥ 1.
        down_limit: the most negative spikes in a step, 0…β; 1 is the paper, 0 gives IF-like neurons without them.
        gate: what allows a negative spike: "memory" (O > 0) or "input" (Σ I > 0).
        retract: when it fires: "threshold" (m ≤ −θ, the paper) or "zero" (m < 0).
        v0: initial potential as a fraction of θ.

    Raises:
        InputError: an option outside its range.
    """

    can_be_whole: ClassVar[bool] = True

    def __init__(
        self,
        threshold: Tensor | float,
        *,
        alpha: float = 0.5,
        beta: int = 2,
        down_limit: int = 1,
        gate: Gate = "memory",
        retract: Retract = "threshold",
        v0: float = 0.5,
    ) -> None:
        check_sd_options(alpha, beta, down_limit, gate, retract)
        super().__init__(threshold, alpha, v0)
        self.beta, self.down_limit = beta, down_limit
        self.gate: Gate = gate
        self.retract: Retract = retract

    def initial(self, x: Tensor, start: Tensor) -> SDState:
        zeros = torch.zeros_like(start)
        drive = zeros.clone() if self.gate == "input" and self.down_limit else None
        return SDState(start, zeros, drive)

    def step(self, x: Tensor, state: SDState) -> tuple[Tensor, SDState]:
        theta = self.threshold_of(x)
        spikes, state = sd_step(x, state, theta, self.beta, self.down_limit, self.gate, self.rounding(), out=state)
        return spikes.to(x.dtype), state

    def fused(self, x: Tensor) -> Step:
        gate = self.gate if self.down_limit else "none"
        rounding = "floor" if self.retract == "zero" else "trunc"
        theta, start, offset = self.threshold_of(x), self.start_of(x), self.offset_of(x)
        whole = self.levels is not None
        return Step(theta, start, offset, self.beta, self.down_limit, gate, rounding, code=self.code, whole=whole)

    def state_of(self, v: Tensor, low: Tensor | None, drive: Tensor | None) -> SDState:
        assert low is not None
        return SDState(v, low, drive)

    def rounding(self) -> Retract | Callable[[Tensor, Tensor], Tensor]:
        """How m/θ becomes a whole number of spikes."""
        return self.retract

    def extra_repr(self) -> str:
        options = f"alpha={self.scale:g}, beta={self.beta}, down_limit={self.down_limit}"
        return f"{super().extra_repr()}, {options}, gate={self.gate}, retract={self.retract}"


def check_sd_options(alpha: float, beta: int, down_limit: int, gate: str, retract: str) -> None:
    """One clear error for each option outside its range."""
    rules = [
        (0 < alpha <= 1, "alpha", "a threshold scale in (0, 1]", alpha),
        (beta >= 1 and beta == int(beta), "beta", "a whole number of spikes per step, at least 1", beta),
        (0 <= down_limit <= beta and down_limit == int(down_limit), "down_limit", f"0 to beta = {beta}", down_limit),
        (gate in ("memory", "input"), "gate", "'memory' or 'input'", gate),
        (retract in ("threshold", "zero"), "retract", "'threshold' or 'zero'", retract),
    ]
    for holds, name, expected, got in rules:
        if not holds:
            raise InputError(f"{name} is out of range", expected=expected, got=repr(got))
