"""The integrate-and-fire neuron with soft reset (reset by subtraction)."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from .kernels.step import Step
from .registry import NEURONS
from .temporal import Neuron


class IFState(NamedTuple):
    v: Tensor  # membrane potential, in the unit of the input current


def integrate_fire_step(
    current: Tensor, state: IFState, theta: Tensor, out: IFState | None = None, strict: bool = False
) -> tuple[Tensor, IFState]:
    """One step of IF: m = v + I;  s = 1 if m ≥ θ (m > θ where `strict`) else 0;  v ← m − sθ.

    Args:
        current: I [B, …], the weighted input of this step.
        theta: θ, broadcastable to `current`.
        out: memory for the next state, which may be that of `state`; new memory where it is None.

    Source: Rueckauer et al. 2017, Front. Neurosci. 11:682, Eq. 3 (reset by subtraction); v(0) = θ/2 is Bu et al., AAAI
    2022.
    """
    m = torch.add(state.v, current, out=out.v if out else None)
    compare = torch.gt if strict else torch.ge
    spikes = compare(m, theta, out=torch.empty_like(m))  # 0 and 1 in the potential's own type, in one pass
    return spikes, IFState(m.addcmul_(spikes, theta, value=-1))


@NEURONS.register("integrate_fire")
class IntegrateFire(Neuron):
    """IF neuron with threshold θ = αλ and v(0) = v0·θ.

        m = v + I;  s = 1 if m ≥ θ else 0;  v ← m − sθ

    Args:
        threshold: λ, one value or one per channel.
        alpha: threshold scale α in (0, 1].
        v0: initial potential as a fraction of θ (½ makes the firing rate round to the nearest).
        strict: fire above θ, not at θ.
    """

    can_be_whole: ClassVar[bool] = True

    def __init__(self, threshold: Tensor | float, *, alpha: float = 1.0, v0: float = 0.5, strict: bool = False) -> None:
        super().__init__(threshold, alpha, v0)
        self.strict = strict

    def initial(self, x: Tensor, start: Tensor) -> IFState:
        return IFState(start)

    def fused(self, x: Tensor) -> Step:
        return Step(
            self.threshold_of(x), self.start_of(x), self.offset_of(x), 1, 0, "none",
            "exceed" if self.strict else "reach", whole=self.levels is not None,
        )  # fmt: skip

    def state_of(self, v: Tensor, low: Tensor | None, drive: Tensor | None) -> IFState:
        return IFState(v)

    def step(self, x: Tensor, state: IFState) -> tuple[Tensor, IFState]:
        spikes, state = integrate_fire_step(x, state, self.threshold_of(x), state, self.strict)
        return spikes.to(x.dtype), state
