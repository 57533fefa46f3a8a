"""Integrate-and-fire neurons whose initial potential is found by a trial run (COS)."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from .integrate_fire import IFState, integrate_fire_step
from .registry import NEURONS
from .temporal import Neuron

SAFE = 1e-3  # of θ, by which a potential is brought to the other side of the threshold
NONE_FIRED, ALL_FIRED = 1000.0, -1000.0  # in θ: larger and smaller than any potential


class COSState(NamedTuple):
    v: Tensor  # membrane potential
    start: Tensor  # v(0) as shifted by the trial run
    steps: Tensor  # t, []


@NEURONS.register("cos")
class CalibratedOffset(Neuron):
    """IF neuron that looks for offset spikes in a trial run of ρ steps, and starts again from a shifted potential.

    With v(0) = θ/2 and everything in units of θ, after the trial:

        v(ρ) < 0 and it fired:  v(0) = ½ − max(1, m⁻ − 0.999), m⁻ the smallest potential that fired (one spike fewer)
        v(ρ) ≥ 1:               v(0) = ½ + max(1, 1.001 − m⁺), m⁺ the largest potential after steps without a spike

    A neuron that never fell silent has −1000 for m⁺, as in the authors' program: it is full, and will fire always.

    The ρ steps are then run again from there, for the layers behind to make their own trials on; after them v is set to
    the shifted v(0) once more, and what the network gives from then on is its output. A layer has to see all its ρ
    inputs at once (`opening`), so that the first chunk of time steps is never shorter. The ρ steps are latency, as
    published; the spikes counted in them are those of the second run, which travel.

    Args:
        threshold: λ. alpha: threshold scale α. v0: initial potential as a fraction of θ.
        rho: ρ ≥ 0; 0 is a plain IF neuron.

    Source: Hao et al., ICLR 2023, "Bridging the gap between ANNs and SNNs by calibrating offset spikes".
    """

    can_be_whole: ClassVar[bool] = True

    def __init__(self, threshold: Tensor | float, *, alpha: float = 1.0, rho: int = 4, v0: float = 0.5) -> None:
        if rho < 0 or rho != int(rho):
            raise InputError("rho is out of range", expected="a whole number of steps, at least 0", got=repr(rho))
        super().__init__(threshold, alpha, v0)
        self.rho = self.opening = rho

    def initial(self, x: Tensor, start: Tensor) -> COSState:
        return COSState(start.clone(), start, start.new_zeros(()))

    def begin(self, inputs: Tensor) -> COSState:
        start = self.start(inputs[0])
        return self.initial(inputs[0], self.shifted(inputs[: self.rho], start) if self.rho else start)

    def shifted(self, inputs: Tensor, start: Tensor) -> Tensor:
        """v(0) after a trial from `start` on `inputs` [ρ, B, …]."""
        theta, state = self.threshold_of(inputs[0]), IFState(start.clone())
        fired = torch.zeros_like(start)
        least, most = torch.full_like(start, NONE_FIRED) * theta, torch.full_like(start, ALL_FIRED) * theta
        for current in inputs:
            spikes, state = integrate_fire_step(current.float(), state, theta)
            fired += spikes
            least = torch.where(spikes > 0, torch.minimum(least, state.v + theta), least)
            most = torch.where(spikes > 0, most, torch.maximum(most, state.v))
        safe = SAFE * theta if self.levels is None else (SAFE * theta).ceil()
        lower = start - torch.maximum(least - (theta - safe), theta.expand_as(least))
        raised = start + torch.maximum((theta + safe) - most, theta.expand_as(most))
        result = torch.where((state.v < 0) & (fired > 0), lower, start)
        return torch.where(state.v >= theta, raised, result)

    def step(self, x: Tensor, state: COSState) -> tuple[Tensor, COSState]:
        steps = state.steps + 1
        spikes, after = integrate_fire_step(x.float(), IFState(state.v), self.threshold_of(x), IFState(state.v))
        v = torch.where(steps == self.rho, state.start, after.v)
        return spikes.to(x.dtype), COSState(v, state.start, steps)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, rho={self.rho}"
