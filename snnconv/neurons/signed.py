"""Neurons whose spikes are signed binary digits, and that may leave a small rest unsent to save one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .binary import BinaryWeighted
from .codes import Code, digits
from .kernels.step import Step
from .registry import NEURONS
from .sd import Retract
from .temporal import per_unit


@NEURONS.register("signed")
class SignedDigit(BinaryWeighted):
    """The same whole numbers, sent as signed digits: spikes of ±2^i, as few as can be.

    7 = 8 − 1 is two spikes where binary takes three. k costs d(k), the digits of its non-adjacent form that are not 0:
    two neighbours are never both set, so that at most ⌈(n+1)/2⌉ of n + 1 lines fire, on average a third (Reitwiesner
    1960, Adv. in Computers 1: 231-308).

    With a cost c the neuron weighs each spike against the error that it would save:

        k = argmin over whole k of (m/θ − ½ − k)² + c·d(k);  v ← m − kθ

    so that a number of fewer digits is sent where it is nearly as good; the rest stays in v for the next step. Since
    c < 1 and neighbours differ by at most one digit, that is rounding in which the border between j and j + 1 is not
    j + ½ but j + ½ + c·(d(j+1) − d(j))/2: nothing is sent below ½ + c/2.

    Args:
        cost: c in squared quanta θ² per spike, [0, 1). Above 0 it needs retract="zero".

    Source: this project, after H-MT; rate-distortion optimised quantisation as in video coding (Sullivan & Wiegand,
    IEEE Signal Processing Magazine 1998).
    """

    code: Code = "signed"
    beta: int
    retract: Retract
    borders: Tensor
    rise: Tensor
    most: Tensor | None

    def __init__(self, threshold: Tensor | float, *, cost: float = 0.0, **options: Any) -> None:
        super().__init__(threshold, **options)
        if not 0 <= cost < 1:
            raise InputError("cost is out of range", expected="squared quanta per spike in [0, 1)", got=repr(cost))
        if cost and self.retract != "zero":
            raise InputError("a cost needs negative spikes that retract at zero", got=f"retract={self.retract!r}")
        self.cost = float(cost)
        whole = torch.arange(-self.beta - 1, self.beta + 2, dtype=torch.float32)
        self.register_buffer("rise", digits(whole).diff(), persistent=False)  # d(j + 1) − d(j): −1, 0 or 1
        self.register_buffer("borders", cost / 2 * self.rise, persistent=False)
        self.register_buffer("most", None)
        self.peak = self.beta

    def saturate(self, ceiling: Tensor | float) -> None:
        """Send at most the ⌊ceiling/θ⌉ in a step, where that is less than bits allow."""
        limit = torch.as_tensor(ceiling).to(self.theta).flatten()  # [1] or [C]
        most = ((limit if len(limit) > 1 else limit[0]) / self.theta).round()
        self.most = most.clamp(max=self.beta) if self.saturates and bool((most < self.beta).any()) else None
        self.peak = self.beta if self.most is None else int(self.most.max())

    @property
    def extent(self) -> tuple[int, int]:
        return super().extent[0], self.peak

    @property
    def saturates(self) -> bool:
        return self.retract == "zero"

    def ideal(self, z: Tensor, T: int) -> Tensor:
        full = super().ideal(z, T)
        return full if self.most is None else full.minimum(per_unit(self.most * self.theta, z).to(z.dtype))

    def fused(self, x: Tensor) -> Step:
        step = super().fused(x)
        if self.cost == 0 and self.most is None:
            return step
        most = None if self.most is None else per_unit(self.most, x)
        surcharge = self.surcharge(step.theta) if step.whole else torch.tensor(self.cost / 2)
        return replace(step, rounding="frugal", most=most, surcharge=surcharge, peak=self.peak)

    def surcharge(self, levels: Tensor) -> Tensor:
        """What one digit more has to gain, c·k/2 as a whole number."""
        half = torch.tensor(self.cost / 2, dtype=torch.float64)  # exporters write a number of Python's as float32
        return (levels.double() * half).round().float()

    def rounding(self) -> Retract | Callable[[Tensor, Tensor], Tensor]:
        if self.cost == 0 and self.most is None:
            return self.retract
        return self.frugal if self.levels is None else self.frugal_whole

    def frugal(self, m: Tensor, theta: Tensor) -> Tensor:
        """k for the potential m, float32.

        j = ⌊m/θ − ½⌋ says which border e is meant, and k = ⌊m/θ − e⌋ is j or j + 1: as |e| < ½, any j that rounding
        puts on the wrong side of a whole number leads to the same k, so that a large offset may be added.
        """
        m = m / theta
        if self.most is None:
            m.clamp_(-float(self.beta), self.beta + 0.5)  # exporters want two numbers of one type
        else:
            m = torch.minimum(m, per_unit(self.most + 0.5, m), out=m).clamp_(min=-self.beta)
        index = (m + (self.beta + 0.5)).int()
        border = self.borders.index_select(0, index.flatten()).view(m.shape)
        return m.sub_(border).floor_()

    def frugal_whole(self, m: Tensor, levels: Tensor) -> Tensor:
        """The same in whole numbers: j + 1 where m − (j + 1)·k is at least the surcharge of one digit more or less."""
        top = float(self.beta) if self.most is None else per_unit(self.most, m)
        j = torch.clamp((m / levels - 0.5).floor(), min=-self.beta - 1.0)
        j = torch.minimum(j, torch.as_tensor(top - 1.0))
        index = (j + (self.beta + 1)).int()
        rise = self.rise.index_select(0, index.flatten()).view(m.shape)
        gains = m - (j + 1) * levels >= self.surcharge(levels) * rise
        return torch.where(gains, j + 1, j)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, cost={self.cost:g}"
