"""Integrate-and-fire neurons silenced by the potential that is left over (SRP)."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from .integrate_fire import IFState, integrate_fire_step
from .registry import NEURONS
from .temporal import Neuron

LEFT_OVER = 1e-3  # of θ
WHOLE_PART = 1000  # 1/LEFT_OVER: a whole number is above k/1000 if it is above ⌊k/1000⌋


class SRPState(NamedTuple):
    v: Tensor  # membrane potential
    mask: Tensor  # 1 where a neuron may speak, else 0
    steps: Tensor  # t, []


@NEURONS.register("srp")
class ResidualPotential(Neuron):
    """IF neuron that runs τ steps to find out whether it should have fired at all.

    Steps 1 … τ are those of an IF neuron. Then mask = v(τ) > 10⁻³·θ, v = v0·θ, and from step τ + 1 on the neuron
    integrates, fires and resets as before, but only neurons of the mask send their spikes: a negative residual
    potential means that too many were fired.

    Args:
        threshold: λ. alpha: threshold scale α. v0: initial potential as a fraction of θ.
        tau: τ ≥ 0 steps, which are latency; 0 is a plain IF neuron.

    Source: Hao et al., AAAI 2023, "Reducing ANN-SNN conversion error through residual membrane potential".
    """

    can_be_whole: ClassVar[bool] = True

    def __init__(self, threshold: Tensor | float, *, alpha: float = 1.0, tau: int = 4, v0: float = 0.5) -> None:
        if tau < 0 or tau != int(tau):
            raise InputError("tau is out of range", expected="a whole number of steps, at least 0", got=repr(tau))
        super().__init__(threshold, alpha, v0)
        self.tau = tau

    @property
    def horizon(self) -> int | None:
        """Who is silenced after τ steps stays silent."""
        return self.tau or None

    def initial(self, x: Tensor, start: Tensor) -> SRPState:
        return SRPState(start, torch.ones_like(start), start.new_zeros(()))

    def step(self, x: Tensor, state: SRPState) -> tuple[Tensor, SRPState]:
        theta, steps = self.threshold_of(x), state.steps + 1
        spikes, after = integrate_fire_step(x.float(), IFState(state.v), theta, IFState(state.v))
        sent = (spikes * state.mask).to(x.dtype)
        ends = steps == self.tau  # of the trial
        left = LEFT_OVER * theta if self.levels is None else (theta / WHOLE_PART).floor()
        mask = torch.where(ends, (after.v > left).to(after.v.dtype), state.mask)
        return sent, SRPState(torch.where(ends, self.start(x), after.v), mask, steps)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, tau={self.tau}"
