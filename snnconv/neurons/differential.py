"""Differential coding: a spike corrects the mean of all that was sent, instead of being a share of it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import hardshrink

from ..errors import InputError
from .binary import check_bits
from .codes import Code
from .registry import NEURONS
from .temporal import Neuron, Temporal

EXPONENT = 0x7F800000  # the bits of a float32 that hold its exponent
ALMOST_ONE = 1 - 2.0**-20  # between the powers of two ½ and 1: smaller ones are not spikes
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
        Spikes ±2^i or 0, and the next state, whose total takes the memory of the one before.

    Source: Huang et al., ICML 2025, "Differential coding for training-free ANN-to-SNN conversion".
    """
    v = torch.addcmul(state.v + current, state.mean, theta, value=-1)
    total, steps = state.total.add_(state.mean), state.steps + 1
    reached = power_of_two((v / (0.75 * theta)).abs_()).clamp_(max=2.0 ** (bits - 1))
    covered = power_of_two(total + TIE).neg_()  # the most that can be taken back
    signed = torch.where(v < 0, -reached, reached)
    spikes = hardshrink(torch.maximum(signed, covered, out=reached), ALMOST_ONE)
    v.addcmul_(spikes, theta, value=-1)
    return spikes, DifferentialState(v, state.mean + spikes / steps, total.add_(spikes), steps)


def power_of_two(x: Tensor) -> Tensor:
    """2^⌊log₂ x⌋ for float32 x > 0, exact: the number without its mantissa. In place."""
    if torch.compiler.is_exporting():  # formats know no bits of floats; the logarithm may miss by one next to a power
        guess = torch.exp2(torch.log2(x).floor())
        return torch.where(guess > x, guess / 2, torch.where(2 * guess <= x, 2 * guess, guess))
    return x.view(torch.int32).bitwise_and_(EXPONENT).view(torch.float32)


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

    def initial(self, x: Tensor, start: Tensor) -> DifferentialState:
        zeros = torch.zeros_like(start)
        return DifferentialState(start, zeros, zeros.clone(), zeros.new_zeros(()))

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

    def begin(self, inputs: Tensor) -> MeanState:
        zeros = torch.zeros_like(inputs[0], dtype=torch.float32)
        return MeanState(zeros, zeros.new_zeros(()))

    def step(self, x: Tensor, state: MeanState) -> tuple[Tensor, MeanState]:
        steps = state.steps + 1
        return (state.mean + x).to(x.dtype), MeanState(state.mean + x / steps, steps)
