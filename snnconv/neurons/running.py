"""Functions of the mean, analog: positively homogeneous ones (max pooling, ReLU) applied to the running sum of their
input, and any others to the running means of theirs."""

from __future__ import annotations

from collections.abc import Sequence
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

    def begin(self, inputs: Tensor) -> RunningState:
        total = torch.zeros_like(inputs[0], dtype=torch.float32)
        return RunningState(total, self.function(total))

    def step(self, x: Tensor, state: RunningState) -> tuple[Tensor, RunningState]:
        total = state.total.add_(x)
        given = self.function(total)
        return (given - state.given).to(x.dtype), RunningState(total, given)


class MeanState(NamedTuple):
    totals: tuple[Tensor | None, ...]  # Σ₁..t x of every input; None for those that are constant in time
    given: Tensor  # t·g(means), what has been emitted so far; 0 at first
    steps: Tensor  # t, []


class RunningMean(Temporal):
    """Any function g of one or several values, analog: emits what t·g(X/t) has changed by.

        y(t) = t·g(X_t/t, c) − (t−1)·g(X_{t−1}/(t−1), c),  X_t = Σ₁..t x

    with X the sums of the inputs that vary in time, c those that are constant. The mean of y over T steps is g(mean of
    x, c), exactly. What g cannot be taken of yet (0/0 before the first spike) is held back: y is 0 there, and made up
    for as soon as it is finite.

    Args:
        function: g, a module of as many tensors as it is called with; float32 all of them.
        name: what g is, in a word. kind: how its work is counted.

    Source: the expectation compensation of Huang et al., ACM Multimedia 2024 ("Towards high-performance spiking
    transformers from ANN to SNN conversion"), for any operation.
    """

    def __init__(self, function: nn.Module, name: str = "", kind: str = "function") -> None:
        super().__init__()
        self.function = function
        self.name, self.kind = name or type(function).__name__, kind

    def begin(self, inputs: Tensor | Sequence[Tensor], varying: tuple[bool, ...] = (True,)) -> MeanState:
        parts = (inputs,) if isinstance(inputs, Tensor) else inputs
        totals = tuple(torch.zeros_like(p[0], dtype=torch.float32) if v else None for p, v in zip(parts, varying))
        return MeanState(totals, torch.zeros((), device=parts[0].device), torch.zeros((), device=parts[0].device))

    def step(self, x: Tensor | tuple[Tensor, ...], state: MeanState) -> tuple[Tensor, MeanState]:
        parts, steps = x if isinstance(x, tuple) else (x,), state.steps + 1
        totals = tuple(None if t is None else t.add_(p) for t, p in zip(state.totals, parts, strict=True))
        means = [as_float32(p) if t is None else t / steps for t, p in zip(totals, parts, strict=True)]
        wanted = self.function(*means) * steps
        given = torch.where(wanted.isfinite(), wanted, state.given)
        return (given - state.given).to(dtype_of(parts, totals)), MeanState(totals, given, steps)

    def forward(
        self,
        x: Tensor | tuple[Tensor, ...],
        state: MeanState | None,
        steps: int,
        varying: bool | tuple[bool, ...] = True,
        keep: bool = True,
    ) -> tuple[Tensor, MeanState]:
        """Run `steps` time steps.

        Args:
            x: the inputs, [steps·B, …] those that vary in time, the others as they are.
            varying: which do.
        """
        parts = x if isinstance(x, tuple) else (x,)
        varies = varying if isinstance(varying, tuple) else (varying,)
        inputs = [p.unflatten(0, (steps, -1)) if v else p for p, v in zip(parts, varies, strict=True)]
        if state is None:
            state = self.begin(inputs, varies)
        outputs: list[Tensor] = []
        for t in range(steps):
            output, state = self.step(tuple(p[t] if v else p for p, v in zip(inputs, varies)), state)
            outputs.append(output)
        return torch.cat(outputs), state

    def extra_repr(self) -> str:
        return f"of {self.name}"


def as_float32(x: Tensor) -> Tensor:
    return x.float() if x.is_floating_point() else x


def dtype_of(parts: tuple[Tensor, ...], totals: tuple[Tensor | None, ...]) -> torch.dtype:
    """Of the first input that varies."""
    return next(p.dtype for p, t in zip(parts, totals) if t is not None)
