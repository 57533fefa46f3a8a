"""Layers of whole weights: what runs in a network of whole numbers, all of it exact in float32."""

from __future__ import annotations

import copy
import math
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .kernels import int8, operators
from .temporal import Temporal


class WholeLayer(nn.Module):
    """A layer whose weights, biases and inputs are whole numbers, and whose sums stay below 2^24.

    So the order of summation, and with it batch, chunk, threads, kernel and device, does not show in the result.

    Attributes:
        low, high: the least and the largest input. bits: of its weights.
    """

    low: int
    high: int
    bits: int

    def forward(self, input: Tensor) -> Tensor:
        if self.bits <= 8 and int8.takes(self, input):
            if torch.compiler.is_compiling():
                return operators.product(self, input)
            return int8.product(int8.Affine.of(self), input, self.low, self.high)
        return self.in_floats(input if input.is_floating_point() else input.float())

    def in_floats(self, x: Tensor) -> Tensor:
        """What its own kind of layer gives, by sums that are exact."""
        if torch.compiler.is_compiling() and x.device.type == "cpu":  # whose sums of floats are what they are
            return super().forward(x)
        with int8.exact_floats():
            return super().forward(x)

    def backend(self, device: torch.device) -> str:
        """What it runs on."""
        if device.type != "cpu":
            return "float32, exact: sums of whole numbers below 2^24"
        if self.bits > 8:
            return f"float32, exact: weights of {self.bits} bits"
        if not int8.is_exact():
            return "float32, exact: there are no 8-bit kernels for this processor that are"
        if not int8.has_kernel(self):
            return "float32, exact: no 8-bit kernel for this layer"
        return "oneDNN, 8 bits" if int8.largest() == 255 else "oneDNN, 8 bits: inputs of 7 bits at a time"


class WholeLinear(WholeLayer, nn.Linear):  # type: ignore[override]
    """Of whole numbers."""


class WholeConv1d(WholeLayer, nn.Conv1d):  # type: ignore[override]
    """Of whole numbers."""


class WholeConv2d(WholeLayer, nn.Conv2d):  # type: ignore[override]
    """Of whole numbers."""


class WholeConv3d(WholeLayer, nn.Conv3d):  # type: ignore[override]
    """Of whole numbers."""


class WholeConvTranspose1d(WholeLayer, nn.ConvTranspose1d):  # type: ignore[override]
    """Of whole numbers."""


class WholeConvTranspose2d(WholeLayer, nn.ConvTranspose2d):  # type: ignore[override]
    """Of whole numbers."""


class WholeConvTranspose3d(WholeLayer, nn.ConvTranspose3d):  # type: ignore[override]
    """Of whole numbers."""


WHOLE: dict[type[nn.Module], type[WholeLayer]] = {
    nn.Linear: WholeLinear,
    nn.Conv1d: WholeConv1d,
    nn.Conv2d: WholeConv2d,
    nn.Conv3d: WholeConv3d,
    nn.ConvTranspose1d: WholeConvTranspose1d,
    nn.ConvTranspose2d: WholeConvTranspose2d,
    nn.ConvTranspose3d: WholeConvTranspose3d,
}


def whole_layer(
    layer: nn.Module, weight: Tensor, bias: Tensor | None, extent: tuple[int, int], bits: int
) -> WholeLayer | None:
    """A layer of the same kind with whole weights; None for kinds that have no such layer."""
    kind = next((whole for source, whole in WHOLE.items() if isinstance(layer, source)), None)
    if kind is None:
        return None
    whole: Any = copy.deepcopy(layer)
    whole.__class__ = kind
    whole.weight = nn.Parameter(weight.float(), requires_grad=False)
    whole.bias = None if bias is None else nn.Parameter(bias.float(), requires_grad=False)
    whole.low, whole.high = extent
    whole.bits = bits
    return cast(WholeLayer, whole)


class WholeNorm1d(nn.BatchNorm1d):
    """A norm that multiplies by whole numbers and adds whole numbers."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.float())


class WholeNorm2d(nn.BatchNorm2d):
    """A norm that multiplies by whole numbers and adds whole numbers."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.float())


class WholeNorm3d(nn.BatchNorm3d):
    """A norm that multiplies by whole numbers and adds whole numbers."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.float())


WHOLE_NORMS = {nn.BatchNorm1d: WholeNorm1d, nn.BatchNorm2d: WholeNorm2d, nn.BatchNorm3d: WholeNorm3d}


class Levels(nn.Module):
    """Rounds what comes in to whole numbers, once: clamp(round(x/step), low, high), float32.

    Args:
        step: broadcastable to one sample.
    """

    step: Tensor

    def __init__(self, step: Tensor, low: int = -(2**15), high: int = 2**15 - 1) -> None:
        super().__init__()
        self.register_buffer("step", step.detach().double())
        self.low, self.high = low, high

    def forward(self, x: Tensor) -> Tensor:
        return (x.double() / self.step).round().clamp(self.low, self.high).float()

    def _apply(self, fn: Any, recurse: bool = True) -> Levels:
        exact = self.step
        super()._apply(fn, recurse)
        self._buffers["step"] = exact.to(self.step.device)
        return self


class Requantise(Temporal):
    """Hands on whole numbers of fewer bits: y(t) = ⌊(r + x(t))/2^n⌋, and keeps the rest r for the next step.

    The sum of y over t steps is ⌊Σx/2^n⌋: what is cut off is made up for, so that the mean over time is exact but for
    one unit of 2^n in t.

    Args:
        shift: n.
    """

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift

    def begin(self, inputs: Tensor) -> RestState:
        half = torch.full_like(inputs[0], float(2**self.shift // 2), dtype=torch.float32)  # rounds the first to nearest
        return RestState(half)

    def step(self, x: Tensor, state: RestState) -> tuple[Tensor, RestState]:
        total = state.rest.add_(x)
        sent = (total * 2.0**-self.shift).floor()
        return sent, RestState(total.sub_(sent, alpha=2**self.shift))


class RestState(NamedTuple):
    rest: Tensor  # r, 0 to 2^n − 1


class SumPool1d(nn.AvgPool1d):
    """Sums over windows, what average pooling divides."""

    def forward(self, input: Tensor) -> Tensor:
        return summed(input, self)


class SumPool2d(nn.AvgPool2d):
    """Sums over windows, what average pooling divides."""

    def forward(self, input: Tensor) -> Tensor:
        return summed(input, self)


class SumPool3d(nn.AvgPool3d):
    """Sums over windows, what average pooling divides."""

    def forward(self, input: Tensor) -> Tensor:
        return summed(input, self)


def summed(x: Tensor, pool: Any) -> Tensor:
    """Sums over the windows of an average pooling, float32."""
    x, dims = x.float(), x.dim() - 2
    kernel, stride, padding = (spread(getattr(pool, name), dims) for name in WINDOW)
    if torch.compiler.is_exporting():  # formats know no divisor of our own; the mean times its size, to the nearest
        return (averaged(x, kernel, stride, padding, pool.ceil_mode) * math.prod(kernel)).round()
    if dims == 1:
        kernel, stride, padding = [1, *kernel], [1, *stride], [0, *padding]
        return F.avg_pool2d(x.unsqueeze(-2), kernel, stride, padding, pool.ceil_mode, True, 1).squeeze(-2)
    return (F.avg_pool2d if dims == 2 else F.avg_pool3d)(x, kernel, stride, padding, pool.ceil_mode, True, 1)


def averaged(x: Tensor, kernel: list[int], stride: list[int], padding: list[int], ceil: bool) -> Tensor:
    """Means over whole windows, what lies outside counted as zeros."""
    sides: list[int] = []
    for size, k, s, p in zip(x.shape[2:], kernel, stride, padding, strict=True):
        missing = -(size + 2 * p - k) % s if ceil else 0  # of the last window, which has to begin inside
        more = missing if missing and (size + 2 * p - k) // s * s + s < size + p else 0
        sides = [p, p + more, *sides]
    pools = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
    return pools[len(kernel) - 1](F.pad(x, sides) if any(sides) else x, kernel, stride)


WINDOW = ("kernel_size", "stride", "padding")
SUM_POOLS = (SumPool1d, SumPool2d, SumPool3d)


def sizes(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (int(value),)


def spread(value: Any, dims: int) -> list[int]:
    """One number, or one per dimension, as one per dimension."""
    given = [*sizes(value)]
    return given * dims if len(given) == 1 else given
