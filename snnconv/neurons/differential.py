"""Differential coding: a spike corrects the mean of all that was sent, instead of being a share of it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from .binary import check_bits
from .codes import Code
from .registry import NEURONS
from .temporal import Neuron, Temporal

TIE = 2.0**-10  # of a quantum: the total is a sum of thirds and fifths, which is never exactly a whole number


class DifferentialState(NamedTuple):
    v: Tensor  # membrane potential, in the unit of the input current
    mean: Tensor  # m, the mean output that the spikes so far stand for, in quanta
    total: Tensor  # t·m, the sum that a rate code would have sent, in quanta
    steps: Tensor  # t, []


def multi_threshold_step(
    current: Tensor, state: DifferentialState, theta: Tensor, bits: int
) -> tuple[Tensor, DifferentialState]:
    """One step of the multi-threshold neuron with differential coding.

        v ← v + I − m;  s = ±θ_i, the largest θ_i = 2^i·θ, i < n, with |v| ≥ ¾θ_i;  v ← v − s;  m ← m + s/t

    A negative spike −θ_i also needs a total (t·m before this step, plus the m of this step) of θ_i, so that the mean
    output stays ≥ 0. Powers of two come from the exponents of v/(¾θ) and of the total, exactly.

    Args:
        current: I [B, …], what a rate code would bring: see `Accumulate`.
        theta: θ, the smallest threshold. bits: n.

    Returns:
        Spikes ±2^i or 0, and the next state.

    Source: Huang et al., ICML 2025, "Differential coding for training-free ANN-to-SNN conversion".
    """
    v = state.v + current - state.mean * theta
    total, steps = state.total + state.mean, state.steps + 1
    reached = v.abs() / (0.75 * theta)
    power = floor_log2(reached).clamp(max=bits - 1)
    power = torch.where(v < 0, torch.minimum(power, floor_log2(total + TIE)), power)
    spikes = torch.where(power >= 0, torch.exp2(power) * v.sign(), 0.0)
    after = DifferentialState(v - spikes * theta, state.mean + spikes / steps, total + spikes, steps)
    return spikes, after


def floor_log2(x: Tensor) -> Tensor:
    """⌊log₂ x⌋ as floats, exact; −1 for all x < 1."""
    exponent = torch.frexp(x).exponent.to(x.dtype) - 1
    return torch.where(x >= 1, exponent, -1.0)


@NEURONS.register("differential")
class DifferentialMultiThreshold(Neuron):
    """Multi-threshold neuron with differential coding: thresholds αλ, αλ/2, … αλ/2^(n−1), one spike ±2^i a step.

        v ← v + I − m;  s = ±θ_i, the largest θ_i = 2^i·αλ/2^(n−1) with |v| ≥ ¾θ_i;  v ← v − s;  m ← m + s/t

    where m is the mean output so far, which stays ≥ 0. The network puts an `Accumulate` behind it, which decodes
    its spikes.

    Args:
        threshold: λ. alpha: the largest threshold in units of λ, (0, 1].
        bits: n thresholds.
        v0: initial potential in units of the smallest threshold.
    """

    code: Code = "binary"
    differential: ClassVar[bool] = True

    def __init__(self, threshold: Tensor | float, *, alpha: float = 1.0, bits: int = 8, v0: float = 0.0) -> None:
        check_bits(bits)
        if not 0 < alpha <= 1:
            raise InputError("alpha is out of range", expected="a threshold scale in (0, 1]", got=repr(alpha))
        super().__init__(threshold, alpha * 2.0 ** (1 - bits), v0)
        self.bits = bits
        self.beta = self.down_limit = 2 ** (bits - 1)

    def initial(self, x: Tensor) -> DifferentialState:
        zeros = torch.zeros_like(x, dtype=torch.float32)
        return DifferentialState(self.start(x), zeros, zeros.clone(), zeros.new_zeros(()))

    def reach(self, T: int) -> float:
        """β·Σ₁..T 1/t: the mean that the largest spike at every step adds up to."""
        return self.beta * sum(1 / t for t in range(1, T + 1))

    def step(self, x: Tensor, state: DifferentialState) -> tuple[Tensor, DifferentialState]:
        spikes, state = multi_threshold_step(x.float(), state, self.per_unit(x), self.bits)
        return spikes.to(x.dtype), state

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, bits={self.bits}"


class MeanState(NamedTuple):
    mean: Tensor  # m
    steps: Tensor  # t, []


class Accumulate(Temporal):
    """Decodes differential spikes: y(t) = m(t−1) + s(t), m(t) = m(t−1) + s(t)/t, whose mean over t steps is m(t).

    In the paper every layer hands differences on, and each neuron sums them up: v += x − b + m_in − m_out, with
    m_in += (x − b)/t from m_in(0) = b, x = W·s + b being what the layer gives. W(m + s) + b = W·s + (W·m + b), so to
    decode right behind the neuron is the same, by linearity: the bias, the means through residual adds, a constant
    input, pooling on running sums and the network's output then need no rule of their own. What travels in hardware
    are the spikes s: they are what is counted.

    Source: Huang et al., ICML 2025, "Differential coding for training-free ANN-to-SNN conversion".
    """

    def initial(self, x: Tensor) -> MeanState:
        zeros = torch.zeros_like(x, dtype=torch.float32)
        return MeanState(zeros, zeros.new_zeros(()))

    def step(self, x: Tensor, state: MeanState) -> tuple[Tensor, MeanState]:
        steps = state.steps + 1
        return (state.mean + x).to(x.dtype), MeanState(state.mean + x / steps, steps)
