"""Quantised activations: equal steps that are recognised by what a function gives, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Rows = Callable[[Tensor], Tensor]  # numbers [N, R] → f of them, one function a column, float64

MOST = 2**16  # levels; finer steps are as good as none
NEAR = 1e-5  # of a step: what a float32 constant may be off
TRIED = 64  # levels from 0 that are looked at one by one


@dataclass(frozen=True)
class Levels:
    """f(x) = step · clip(⌊x/width + offset⌋, low, high).

    Attributes:
        step, width: float64 [R], one value or one per channel: how high and how long a step is.
        offset: ½ rounds, 0 rounds down. Which of two levels an x exactly between them takes, the function says itself.
        low, high: whole numbers; None where there is no end.
    """

    step: Tensor
    width: Tensor
    offset: float
    low: int | None
    high: int | None

    @property
    def is_clip(self) -> bool:
        """Whether it is a ReLU or clip(x, 0, c) in steps, so that a neuron that integrates can stand for it."""
        one_to_one = torch.allclose(self.step, self.width, rtol=NEAR, atol=0)
        return one_to_one and self.low == 0 and 0 <= self.offset < 1 and self.high != 1

    @property
    def ends(self) -> tuple[float, float]:
        return -torch.inf if self.low is None else self.low, torch.inf if self.high is None else self.high

    @property
    def largest(self) -> int | None:
        """The most steps that f is away from 0, or None where there is no end."""
        return None if self.low is None or self.high is None else max(-self.low, self.high)

    def smooth(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The ramp without steps, [B, …]: what gradients are taken of.

        Args:
            shape: of one sample's values along which the levels differ.
        """
        step, width = (self.along(value, x, shape) for value in (self.step, self.width))
        low = None if self.low is None else self.low * step
        high = None if self.high is None else self.high * step
        ramp = x * (step / width)
        ramp = ramp if low is None else torch.maximum(ramp, low)
        return ramp if high is None else torch.minimum(ramp, high)

    def along(self, value: Tensor, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        value = value.to(x)
        return value[0] if value.numel() == 1 else value.view(shape)

    def __str__(self) -> str:
        """`8 levels up to 2`, `levels of 0.25`, `levels of 0.1 from -12.8 to 12.7`."""
        if self.low == 0 and self.high is not None:
            return f"{self.high} level{'s' * (self.high > 1)} up to {spread(self.step * self.high)}"
        ends = [("from", self.low), ("to", self.high)]
        shown = [
            f" {word} {spread(self.step * end)}" for word, end in ends if end is not None and (end or word == "to")
        ]
        return f"levels of {spread(self.step)}" + "".join(shown)


def spread(values: Tensor) -> str:
    least, most = float(values.min()), float(values.max())
    return f"{least:.4g}" if f"{least:.4g}" == f"{most:.4g}" else f"{least:.4g}…{most:.4g}"


def levels_of(function: Rows, rows: int) -> Levels | None:
    """The levels of a function, or None where its steps are not equal, or it has none.

    The first two steps above 0 say how high and long they are; what that predicts is then compared with the function
    at every level, between them and beyond its ends.
    """
    up = torch.logspace(-7, 9, 1100, dtype=torch.float64)[:, None].expand(-1, rows)
    zero = function(torch.zeros(1, rows, dtype=torch.float64))
    values = function(up)
    if bool(values.isnan().any()) or bool((values[-1] - zero).abs().max() == 0):
        return None
    first, step = first_above(function, up, values, zero)
    step = step - zero[0]
    if not bool((step > 0).all()) or bool((zero.abs() > NEAR * step).any()):
        return None
    low, high = end_of(function, -1, step), end_of(function, 1, step)
    if high == 0 or (high is not None and high > MOST) or (low is not None and -low > MOST):
        return None
    width = step
    if high != 1:
        second, _ = first_above(function, up, values, zero + 1.5 * step)
        width = second - first
        if not bool((width > 0).all()):
            return None
    offsets = 1 - first / width
    offset = round(2 * float(offsets.mean())) / 2
    offset = offset if bool((offsets - offset).abs().max() < NEAR) else float(offsets.mean())
    found = Levels(step, width, offset, low, high)
    same = bool((offsets - offset).abs().max() < NEAR)
    return found if same and -NEAR < offset < 1 + NEAR and predicts(found, function) else None


def first_above(function: Rows, grid: Tensor, values: Tensor, bound: Tensor) -> tuple[Tensor, Tensor]:
    """Where f first rises above `bound`, by bisection, and what it is there; both [R]."""
    index = (values > bound + NEAR * bound.abs()).double().argmax(0).clamp(min=1)
    high, low = grid.gather(0, index[None])[0], grid.gather(0, index[None] - 1)[0]
    for _ in range(40):
        middle = (low + high) / 2
        above = function(middle[None])[0] > bound[0] + NEAR * bound[0].abs()
        high, low = torch.where(above, middle, high), torch.where(above, low, middle)
    return high, function((high * (1 + 1e-9))[None])[0]


def end_of(function: Rows, sign: int, step: Tensor) -> int | None:
    """The last level in one direction, as a whole number of steps; None where there is none, or channels differ."""
    far = function(sign * step.new_tensor([1e5, 1e8])[:, None] * step)
    ends = (far / step).round()
    return int(ends[0, 0]) if bool((ends == ends[0, 0]).all()) else None


def predicts(levels: Levels, function: Rows) -> bool:
    low = -TRIED if levels.low is None else max(levels.low, -TRIED)
    high = TRIED if levels.high is None else min(levels.high, TRIED)
    near = torch.arange(low - 1, high + 2, dtype=torch.float64)
    ends = [end for end in (levels.low, levels.high) if end is not None]
    far = [end + shift for end in ends for shift in (-2, -1, 0, 1, 2, 40, -40)]
    generator = torch.Generator().manual_seed(0)
    reach = levels.largest or 10 * TRIED
    some = torch.randint(-reach, reach + 1, (64,), generator=generator).double()
    places = torch.cat([near, torch.tensor(far, dtype=torch.float64), some])
    inside = torch.tensor([0.01, 0.3, 0.5, 0.77, 0.99], dtype=torch.float64)
    stairs = (places[:, None] - levels.offset + inside).flatten()[:, None]
    wanted = (stairs + levels.offset).floor()
    wanted = wanted.clamp(*levels.ends)
    found = function(stairs * levels.width) / levels.step
    return bool(((found - wanted).abs() <= NEAR * (1 + wanted.abs())).all())


def jumps(function: Rows, rows: int) -> bool:
    """Whether f has a jump: the steepest piece of many stays as high however short it is made."""
    x = torch.linspace(-20, 20, 4001, dtype=torch.float64)[:, None].expand(-1, rows) + 1e-3
    rise = function(x).diff(dim=0).abs().nan_to_num(0, 0, 0)
    height, index = rise.max(0)
    low, high = x.gather(0, index[None]), x.gather(0, index[None] + 1)
    for _ in range(30):
        middle = (low + high) / 2
        first, second, third = function(low), function(middle), function(high)
        is_left = (second - first).abs() >= (third - second).abs()
        low, high = torch.where(is_left, low, middle), torch.where(is_left, middle, high)
    left = (function(high) - function(low)).abs()[0]
    return bool(((left > 0.5 * height) & (height > 1e-6)).any())


class _PassedThrough(torch.autograd.Function):
    """A value forwards, the gradient of a smooth one backwards."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, smooth: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:  # type: ignore[override]
        return None, gradient


def passed_through(value: Tensor, smooth: Tensor) -> Tensor:
    """`value`, whose gradient is that of `smooth`."""
    return _PassedThrough.apply(value.detach(), smooth)  # pyright: ignore[reportReturnType]
