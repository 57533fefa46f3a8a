"""The tracking neuron: its spikes follow any function of the mean input, up and down."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ..errors import InputError
from .codes import CODES, Code
from .registry import NEURONS
from .temporal import Neuron


class TrackingState(NamedTuple):
    total: Tensor  # X = Σ I so far, in the unit of the input current
    sent: Tensor  # S, the net spikes emitted so far: whole numbers, exact in float32 to 2^24
    steps: Tensor  # t, []


def tracking_step(
    current: Tensor,
    state: TrackingState,
    theta: Tensor,
    beta: int,
    function: Callable[[Tensor], Tensor],
    out: TrackingState | None = None,
) -> tuple[Tensor, TrackingState]:
    """One step of the tracking neuron.

        X ← X + I;  t ← t + 1;  s = clamp(round(t·f(X/t)/θ) − S, −β, β);  S ← S + s

    so that θ·S/t is within θ/2t of f of the mean input, as long as one step can make up for what changed. Halves are
    rounded to the even number, which favours neither sign.

    Args:
        current: I [B, …]. theta: θ = αλ, broadcastable to it.
        beta: the most spikes in a step, of either sign.
        function: f, elementwise.
        out: memory for the next state, which may be that of `state`; new memory where it is None.

    Returns:
        Spikes s, whole numbers in {−β … β}, shaped like `current`, and the next state.

    Source: this project. Sending what a sum of spikes lacks of the value is what SD neurons do for a ReLU.
    """
    memory, sent, _ = out or (None, None, None)
    total, steps = torch.add(state.total, current, out=memory), state.steps + 1
    wanted = (function(total / steps) * (steps / theta)).round_()
    spikes = wanted.sub_(state.sent).clamp_(-beta, beta)
    return spikes, TrackingState(total, torch.add(state.sent, spikes, out=sent), steps)


@NEURONS.register("tracking")
class Tracking(Neuron):
    """Tracks f(mean input so far) by signed spikes: what stands at activations other than the ReLU family.

        s(t) = clamp(round(t·f(x̄_t)/θ) − S_{t−1}, −β, β),  x̄_t = Σ_{k≤t} I(k) / t,  θ = αλ

    The mean output over T steps is within θ/2T of f(x̄_T) where |f| ≤ βθ.

    Args:
        threshold: λ, of |f|. alpha: threshold scale θ/λ, above 0 and at most 1.
        beta: the most spikes in a step, ≥ 1, up or down.
        code: what a spike of magnitude k costs.

    Attributes:
        function: f, a module that acts on every element alone; the identity until `follow` sets it.

    Raises:
        InputError: an option outside its range.
    """

    integrates: ClassVar[bool] = False

    def __init__(self, threshold: Tensor | float, *, alpha: float = 0.2, beta: int = 5, code: Code = "unary") -> None:
        rules = [
            (0 < alpha <= 1, "alpha", "a threshold scale in (0, 1]", alpha),
            (beta >= 1 and beta == int(beta), "beta", "a whole number of spikes per step, at least 1", beta),
            (code in CODES, "code", ", ".join(map(repr, CODES)), code),
        ]
        for holds, name, expected, got in rules:
            if not holds:
                raise InputError(f"{name} is out of range", expected=expected, got=repr(got))
        super().__init__(threshold, alpha, 0.0)
        self.beta = self.down_limit = int(beta)
        self.code: Code = code
        self.function: nn.Module = nn.Identity()

    def follow(self, function: nn.Module) -> None:
        self.function = function

    @property
    def saturates(self) -> bool:
        """It follows the activation, its end too."""
        return True

    def ideal(self, z: Tensor, T: int) -> Tensor:
        limit = self.reach(T) * self.per_unit(z).to(z.dtype)
        return torch.maximum(torch.minimum(self.function(z), limit), -limit)

    def initial(self, x: Tensor, start: Tensor) -> TrackingState:
        zeros = torch.zeros_like(start)
        return TrackingState(zeros, zeros.clone(), zeros.new_zeros(()))

    def step(self, x: Tensor, state: TrackingState) -> tuple[Tensor, TrackingState]:
        spikes, state = tracking_step(x, state, self.per_unit(x), self.beta, self.function, out=state)
        return spikes.to(x.dtype), state

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, alpha={self.scale:g}, beta={self.beta}"
