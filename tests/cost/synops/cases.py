"""Neurons, what they go through, a layer: each with its fan-out by enumeration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import naive

STEMS = {1: nn.Linear, 2: nn.Conv1d, 3: nn.Conv2d, 4: nn.Conv3d}


class Chain(nn.Module):
    """A stem that keeps the shape, ReLU, something between, and the layer whose fan-out is asked for."""

    def __init__(self, shape: tuple[int, ...], layer: nn.Module, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        sizes = (shape[0], shape[0]) if len(shape) == 1 else (shape[0], shape[0], 1)
        self.stem, self.relu, self.layer = STEMS[len(shape)](*sizes), nn.ReLU(), layer
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.between(self.relu(self.stem(x))))


@dataclass
class Case:
    """Neurons of `shape`, what they go through, the layer, and the same by enumeration."""

    shape: tuple[int, ...]
    layer: Callable[[], nn.Module]
    expected: Callable[[naive.Array], naive.Array]
    between: Callable[[Tensor], Tensor] = torch.Tensor.contiguous


def conv(kind: type[nn.Module], inputs: int, outputs: int, kernel: Any, **options: Any) -> Callable[[], nn.Module]:
    return lambda: kind(inputs, outputs, kernel, **options)


def same(weight: tuple[int, ...], **options: Any) -> Callable[[naive.Array], naive.Array]:
    return lambda e: naive.conv(e, weight, **options)


def transposed(weight: tuple[int, ...], **options: Any) -> Callable[[naive.Array], naive.Array]:
    return lambda e: naive.conv_transposed(e, weight, **options)


def then(*steps: Callable[[naive.Array], naive.Array]) -> Callable[[naive.Array], naive.Array]:
    def run(events: naive.Array) -> naive.Array:
        for step in steps:
            events = step(events)
        return events

    return run


SMALL = same((5, 2, 3, 3), padding=1)  # what stands at the end of the cases that are about what comes before it
small = conv(nn.Conv2d, 2, 5, 3, padding=1)
PAD = ((0, 0), (0, 0), (2, 1), (1, 3))

CASES: dict[str, Case] = {
    "sum": Case(
        (2, 4, 5), small, then(lambda e: e.sum(3, keepdims=True), SMALL), lambda x: x.sum(-1, keepdim=True)
    ),
    "linear": Case((6,), lambda: nn.Linear(6, 4), lambda e: naive.linear(e, 4)),
    "linear of rows": Case((3, 6), lambda: nn.Linear(6, 4, bias=False), lambda e: naive.linear(e, 4)),
    "conv1d": Case((2, 9), conv(nn.Conv1d, 2, 4, 3, padding=1), same((4, 2, 3), padding=1)),
    "conv1d dilated": Case(
        (2, 9), conv(nn.Conv1d, 2, 4, 3, stride=2, padding=2, dilation=2),
        same((4, 2, 3), stride=2, padding=2, dilation=2),
    ),
    "conv2d": Case((2, 5, 6), conv(nn.Conv2d, 2, 4, 3), same((4, 2, 3, 3))),
    "conv2d padded": Case((2, 5, 6), small, SMALL),
    "conv2d same": Case((2, 5, 6), conv(nn.Conv2d, 2, 4, 3, padding="same"), same((4, 2, 3, 3), padding=1)),
    "conv2d strided": Case(
        (2, 7, 6), conv(nn.Conv2d, 2, 4, (3, 2), stride=(3, 2), padding=(1, 0)),
        same((4, 2, 3, 2), stride=(3, 2), padding=(1, 0)),
    ),
    "conv2d dilated": Case(
        (2, 7, 8), conv(nn.Conv2d, 2, 4, 3, dilation=(2, 3), padding=2), same((4, 2, 3, 3), dilation=(2, 3), padding=2)
    ),
    "conv2d grouped": Case(
        (4, 5, 5), conv(nn.Conv2d, 4, 6, 3, groups=2, padding=1), same((6, 2, 3, 3), groups=2, padding=1)
    ),
    "conv2d depthwise": Case(
        (4, 5, 5), conv(nn.Conv2d, 4, 8, 3, groups=4, stride=2, padding=1),
        same((8, 1, 3, 3), groups=4, stride=2, padding=1),
    ),
    "conv3d": Case(
        (2, 3, 5, 4), conv(nn.Conv3d, 2, 3, (3, 3, 1), stride=(1, 2, 2), padding=(1, 1, 0)),
        same((3, 2, 3, 3, 1), stride=(1, 2, 2), padding=(1, 1, 0)),
    ),
    "conv3d dilated groups": Case(
        (4, 3, 5, 4), conv(nn.Conv3d, 4, 6, (1, 2, 2), dilation=(1, 2, 1), groups=2, padding=(0, 1, 0)),
        same((6, 2, 1, 2, 2), dilation=(1, 2, 1), groups=2, padding=(0, 1, 0)),
    ),
    "conv_transpose1d": Case(
        (2, 5), conv(nn.ConvTranspose1d, 2, 4, 3, stride=2, padding=1), transposed((2, 4, 3), stride=2, padding=1)
    ),
    "conv_transpose2d": Case(
        (2, 4, 5), conv(nn.ConvTranspose2d, 2, 4, 3, stride=2, padding=1, output_padding=1),
        transposed((2, 4, 3, 3), stride=2, padding=1, output_padding=1),
    ),
    "conv_transpose2d groups": Case(
        (4, 4, 5), conv(nn.ConvTranspose2d, 4, 6, (3, 2), groups=2, dilation=2, padding=(2, 0)),
        transposed((4, 3, 3, 2), dilation=2, padding=(2, 0)),
    ),
    "conv_transpose3d": Case(
        (2, 2, 3, 3), conv(nn.ConvTranspose3d, 2, 3, 2, stride=(1, 2, 2)),
        transposed((2, 3, 2, 2, 2), stride=(1, 2, 2)),
    ),
    "avg_pool1d": Case(
        (2, 9), conv(nn.Conv1d, 2, 3, 3, padding=1),
        then(lambda e: naive.average(e, 3, 2, 1), same((3, 2, 3), padding=1)), nn.AvgPool1d(3, 2, 1),
    ),
    "avg_pool2d": Case((2, 6, 6), small, then(lambda e: naive.average(e, 2), SMALL), nn.AvgPool2d(2)),
    "avg_pool2d overlapping": Case(
        (2, 6, 7), small, then(lambda e: naive.average(e, (3, 2), (2, 1), 1), SMALL), nn.AvgPool2d((3, 2), (2, 1), 1)
    ),
    "avg_pool2d ceil": Case(
        (2, 6, 7), small, then(lambda e: naive.average(e, 3, 2, 0, ceil=True), SMALL),
        nn.AvgPool2d(3, 2, ceil_mode=True),
    ),
    "avg_pool2d ceil padded": Case(
        (2, 5, 6), small, then(lambda e: naive.average(e, 2, 2, 1, ceil=True), SMALL),
        nn.AvgPool2d(2, 2, 1, ceil_mode=True, count_include_pad=False),
    ),
    "avg_pool2d divisor": Case(
        (2, 6, 6), small, then(lambda e: naive.average(e, 3, 3, 1), SMALL), nn.AvgPool2d(3, 3, 1, divisor_override=5)
    ),
    "avg_pool3d": Case(
        (2, 3, 6, 5), conv(nn.Conv3d, 2, 3, 1),
        then(lambda e: naive.average(e, (1, 3, 3), (1, 2, 2), (0, 1, 1)), same((3, 2, 1, 1, 1))),
        nn.AvgPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
    ),
    "adaptive_avg_pool1d": Case(
        (2, 7), conv(nn.Conv1d, 2, 3, 2), then(lambda e: naive.adaptive(e, [3]), same((3, 2, 2))),
        nn.AdaptiveAvgPool1d(3),
    ),
    "adaptive_avg_pool2d uneven": Case(
        (2, 7, 5), small, then(lambda e: naive.adaptive(e, [3, 4]), SMALL), nn.AdaptiveAvgPool2d((3, 4))
    ),
    "adaptive_avg_pool2d one size kept": Case(
        (2, 7, 5), small, then(lambda e: naive.adaptive(e, [2, 5]), SMALL), nn.AdaptiveAvgPool2d((2, None))  # type: ignore[arg-type]
    ),
    "adaptive_avg_pool3d": Case(
        (2, 3, 5, 4), conv(nn.Conv3d, 2, 3, 1), then(lambda e: naive.adaptive(e, [2, 3, 3]), same((3, 2, 1, 1, 1))),
        nn.AdaptiveAvgPool3d((2, 3, 3)),
    ),
    "mean": Case(
        (3, 4, 5), lambda: nn.Linear(3, 2), then(lambda e: e.sum((2, 3)), lambda e: naive.linear(e, 2)),
        lambda x: x.mean((2, 3)),
    ),
    "mean over one dimension": Case(
        (2, 4, 5), small, then(lambda e: e.sum(3, keepdims=True), SMALL), lambda x: x.mean(-1, keepdim=True)
    ),
    "two averages": Case(
        (2, 8, 8), small, then(lambda e: naive.average(e, 3, 1), lambda e: naive.average(e, 2, 2), SMALL),
        nn.Sequential(nn.AvgPool2d(3, 1), nn.AvgPool2d(2)),
    ),
    "squeezed": Case(
        (2, 4, 5), conv(nn.Conv1d, 2, 3, 3), then(lambda e: e.sum(2), same((3, 2, 3))),
        lambda x: x.mean(2, keepdim=True).squeeze(),
    ),
    "flatten": Case((2, 3, 3), lambda: nn.Linear(18, 4), lambda e: naive.linear(e, 4), nn.Flatten()),
    "permute": Case(
        (2, 3, 4), conv(nn.Conv2d, 4, 3, (2, 1)), then(lambda e: e.transpose(0, 3, 1, 2), same((3, 4, 2, 1))),
        lambda x: x.permute(0, 3, 1, 2),
    ),
    "slice": Case((2, 7, 8), small, then(lambda e: e[:, :, ::2, 1:6], SMALL), lambda x: x[:, :, ::2, 1:6]),
    "index": Case(
        (3, 4, 4), small, then(lambda e: e[:, [2, 0]], SMALL), lambda x: x.index_select(1, torch.tensor([2, 0]))
    ),
    "zero padding": Case((2, 4, 4), small, then(lambda e: np.pad(e, PAD), SMALL), lambda x: F.pad(x, (1, 3, 2, 1))),
    "reflection": Case(
        (2, 4, 4), small, then(lambda e: np.pad(e, PAD, mode="reflect"), SMALL), nn.ReflectionPad2d((1, 3, 2, 1))
    ),
    "replication": Case(
        (2, 4, 4), small, then(lambda e: np.pad(e, PAD, mode="edge"), SMALL), nn.ReplicationPad2d((1, 3, 2, 1))
    ),
    "circular": Case(
        (2, 4, 4), small, then(lambda e: np.pad(e, PAD, mode="wrap"), SMALL),
        lambda x: F.pad(x, (1, 3, 2, 1), mode="circular"),
    ),
    "twice the same": Case(
        (2, 4, 4), conv(nn.Conv2d, 4, 3, 3), then(lambda e: np.concatenate([e, e], 1), same((3, 4, 3, 3))),
        lambda x: torch.cat([x, x], 1),
    ),
    "one part of a split": Case(
        (4, 4, 4), small, then(lambda e: e[:, 2:], SMALL), lambda x: x.chunk(2, 1)[1]
    ),
    "parts swapped": Case(
        (4, 4, 4), conv(nn.Conv2d, 4, 6, 2, groups=2),
        then(lambda e: np.concatenate([e[:, 3:], e[:, :3]], 1), same((6, 2, 2, 2), groups=2)),
        lambda x: torch.cat([*torch.split(x, [3, 1], 1)][::-1], 1),
    ),
    "functional conv": Case(
        (2, 4, 4), lambda: FunctionalConv((5, 2, 3, 3), padding=1), SMALL
    ),
    "functional linear": Case((6,), lambda: FunctionalLinear(6, 4), lambda e: naive.linear(e, 4)),
}  # fmt: skip

# Past these the quantum does not travel, so that no converted network has spikes there unless its quanta are 1.
UNSCALED: dict[str, Case] = {
    "added to itself moved": Case(
        (2, 4, 4), small, then(lambda e: e + e[:, :, ::-1], SMALL), lambda x: x - x.flip(2)
    ),
    "negated": Case((2, 4, 4), small, SMALL, lambda x: -x),
    "nearest": Case(
        (2, 3, 3), small, then(lambda e: e.repeat(2, 2).repeat(2, 3), SMALL),
        lambda x: F.interpolate(x, scale_factor=2),
    ),
    "cumsum": Case(
        (2, 3, 3), small, then(lambda e: np.cumsum(e, 2), SMALL), lambda x: x.cumsum(2)
    ),
    "matmul": Case((3, 6), lambda: Product((6, 4)), lambda e: naive.linear(e, 4)),
    "matmul from the left": Case(
        (3, 6), lambda: Product((5, 3), left=True), lambda e: naive.linear(e, 5)
    ),
    "einsum": Case((3, 6), lambda: Einsum(), lambda e: naive.linear(e, 4)),
}  # fmt: skip


class FunctionalConv(nn.Module):
    def __init__(self, shape: tuple[int, ...], **options: Any) -> None:
        super().__init__()
        self.kernel, self.options = nn.Parameter(torch.randn(shape)), options

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel.abs(), **self.options)


class FunctionalLinear(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * 2, self.bias)


class Product(nn.Module):
    def __init__(self, shape: tuple[int, int], left: bool = False) -> None:
        super().__init__()
        self.matrix, self.left = nn.Parameter(torch.randn(shape)), left

    def forward(self, x: Tensor) -> Tensor:
        return self.matrix @ x if self.left else x @ self.matrix


class Einsum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bij,jk->bik", x, self.matrix)
