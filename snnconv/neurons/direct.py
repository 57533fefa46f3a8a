"""What neurons that are trained directly have in common: spikes 0 and 1, a surrogate gradient, a reset."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..registry import Registry
from .surrogate import SURROGATES, SurrogateName, fire
from .temporal import State, Temporal

Reset = Literal["hard", "soft"]


class PotentialState(NamedTuple):
    v: Tensor  # membrane potential


def leaky_step(
    x: Tensor,
    state: PotentialState,
    leak: Tensor | float,
    threshold: float = 1.0,
    reset: Reset = "hard",
    detach: bool = True,
    surrogate: SurrogateName = "atan",
    alpha: float | None = None,
) -> tuple[Tensor, PotentialState]:
    """One step of the leaky integrate-and-fire neuron.

        m = v + (x − v)/τ;  s = 1 if m ≥ θ else 0;  v ← m(1 − s) ("hard") or m − θs ("soft")

    Args:
        x: input [B, …]. leak: 1/τ in (0, 1]. threshold: θ.
        detach: the reset passes no gradient from s.

    Source: Fang et al., ICCV 2021, Eqs. 1–3 (with the leak on the input too).
    """
    m = state.v + leak * (x - state.v)
    spikes = fire(m - threshold, surrogate, alpha)
    sent = spikes.detach() if detach else spikes
    return spikes, PotentialState(m * (1 - sent) if reset == "hard" else m - threshold * sent)


class Direct(Temporal):
    """A neuron for direct training, on the step and state contract of the converted ones.

    Unlike theirs its steps never write into their state, which the gradient needs.

    Args:
        threshold: θ.
        reset: "hard" (to 0) or "soft" (by θ).
        detach: the reset passes no gradient.
        surrogate, alpha: the slope of a spike, and how steep it is; see `SURROGATES`.

    Raises:
        InputError: an unknown reset or surrogate.
    """

    def __init__(
        self,
        *,
        threshold: float = 1.0,
        reset: Reset = "hard",
        detach: bool = True,
        surrogate: SurrogateName = "atan",
        alpha: float | None = None,
    ) -> None:
        super().__init__()
        if reset not in ("hard", "soft"):
            raise InputError("unknown reset", expected="hard or soft", got=repr(reset))
        if surrogate not in SURROGATES:
            raise InputError("unknown surrogate", expected=", ".join(SURROGATES), got=repr(surrogate))
        self.threshold, self.detach = threshold, detach
        self.reset: Reset = reset
        self.surrogate: SurrogateName = surrogate
        self.alpha = SURROGATES[surrogate].alpha if alpha is None else alpha

    @property
    @abstractmethod
    def leak(self) -> Tensor | float:
        """1/τ, the part of the potential that is lost in a step."""

    def begin(self, inputs: Tensor) -> PotentialState:
        return PotentialState(torch.zeros_like(inputs[0]))

    def step(self, x: Tensor, state: PotentialState) -> tuple[Tensor, PotentialState]:
        firing = (self.threshold, self.reset, self.detach, self.surrogate, self.alpha)
        return leaky_step(x, state, self.leak, *firing)

    def forward(
        self, x: Tensor, state: State | None, steps: int, varying: bool = True, keep: bool = True
    ) -> tuple[Tensor, State]:
        inputs = x.unflatten(0, (steps, -1)) if varying else x.expand(steps, *x.shape)
        now: PotentialState = self.begin(inputs) if state is None else state
        outputs: list[Tensor] = []
        for current in inputs:  # not into one piece of memory: the gradient would copy it at every step
            spikes, now = self.step(current, now)
            outputs.append(spikes)
        return torch.cat(outputs), now

    def extra_repr(self) -> str:
        slope = f"{self.surrogate}(α={self.alpha:g})"
        return f"threshold={self.threshold:g}, reset={self.reset!r}, detach={self.detach}, {slope}"


DIRECT: Registry[type[Direct]] = Registry("neuron for direct training")
