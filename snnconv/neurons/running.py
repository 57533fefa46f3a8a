"""Functions of the mean: positively homogeneous ones (max pooling, ReLU) applied to the running sum of their input."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .temporal import Temporal


class RunningState(NamedTuple):
    total: Tensor  # Σ₁..t x
    given: Tensor  # f(Σ₁..t x), what has been emitted so far


class RunningSum(Temporal):
    """Emits y(t) = f(Σ₁..t x) − f(Σ₁..t−1 x), so that the mean of y over T steps is f(mean of x), exactly.

    Holds for f(cx) = c·f(x), c > 0: max pooling and ReLU. A maximum over the raw spikes of each step would instead
    converge to something larger than the ANN's maximum. Emissions of whole numbers are whole; they can be negative.

    Args:
        function: the module f, [B, …] → [B, …].
    """

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.function = function

    def initial(self, x: Tensor) -> RunningState:
        total = torch.zeros_like(x, dtype=torch.float32)
        return RunningState(total, self.function(total))

    def step(self, x: Tensor, state: RunningState) -> tuple[Tensor, RunningState]:
        total = state.total.add_(x)
        given = self.function(total)
        return (given - state.given).to(x.dtype), RunningState(total, given)


class ClipState(NamedTuple):
    total: Tensor  # Σ₁..t x
    given: Tensor  # clip(Σ₁..t x, 0, t·c)
    steps: Tensor  # t


class RunningClip(Temporal):
    """An analog clip(x, 0, c): emits t·clip(Σ₁..t x / t, 0, c) − (t−1)·clip(Σ₁..t−1 x / (t−1), 0, c).

    The mean of what it emits over T steps is clip(mean of x, 0, c). The clip is not homogeneous, so it needs t.

    Args:
        ceiling: c, one number or a tensor that broadcasts against one sample.
    """

    ceiling: Tensor | float

    def __init__(self, ceiling: Tensor | float) -> None:
        super().__init__()
        if isinstance(ceiling, Tensor):
            self.register_buffer("ceiling", ceiling)
        else:
            self.ceiling = ceiling

    def initial(self, x: Tensor) -> ClipState:
        zeros = torch.zeros_like(x, dtype=torch.float32)
        return ClipState(zeros, zeros.clone(), zeros.new_zeros(()))

    def step(self, x: Tensor, state: ClipState) -> tuple[Tensor, ClipState]:
        total, steps = state.total.add_(x), state.steps + 1
        given = total.clamp(min=0).minimum(steps * self.ceiling)
        return (given - state.given).to(x.dtype), ClipState(total, given, steps)

    def extra_repr(self) -> str:
        several = isinstance(self.ceiling, Tensor) and self.ceiling.dim()
        return f"clip to [{len(self.ceiling)}]" if several else f"clip to {float(self.ceiling):g}"  # type: ignore[arg-type]
