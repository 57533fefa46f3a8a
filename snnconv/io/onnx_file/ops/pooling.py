"""Pooling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..graph import Layer, Node
from .padding import Same, is_even, padded, pads_of, spatial
from .table import op

MAX = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE: dict[int, type[nn.Module]] = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
GLOBAL: dict[tuple[str, int], type[nn.Module]] = {
    ("GlobalAveragePool", 3): nn.AdaptiveAvgPool1d,
    ("GlobalAveragePool", 4): nn.AdaptiveAvgPool2d,
    ("GlobalAveragePool", 5): nn.AdaptiveAvgPool3d,
    ("GlobalMaxPool", 3): nn.AdaptiveMaxPool1d,
    ("GlobalMaxPool", 4): nn.AdaptiveMaxPool2d,
    ("GlobalMaxPool", 5): nn.AdaptiveMaxPool3d,
}


def window(node: Node) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], list[int] | Same]:
    """Kernel, stride, dilation, pads."""
    kernel = tuple(int(size) for size in node.attributes.get("kernel_shape", ()))
    if len(kernel) not in MAX:
        raise node.unsupported(f"a window of shape {kernel}")
    stride, dilation = spatial(node, "strides", len(kernel)), spatial(node, "dilations", len(kernel))
    return kernel, stride, dilation, pads_of(node, kernel, stride, dilation)


@op("MaxPool")
def max_pool(node: Node) -> Layer:
    if len(node.outputs) > 1 and node.outputs[1]:
        raise node.unsupported("it also gives the places of the maxima")
    kernel, stride, dilation, pads = window(node)
    even = not isinstance(pads, Same) and is_even(pads)
    if not isinstance(pads, Same) and even and any(2 * pad > size for pad, size in zip(pads, kernel * 2)):
        raise node.unsupported(f"pads {pads} of more than half the window {kernel}")
    make = partial(MAX[len(kernel)], kernel, stride, dilation=dilation,
                   ceil_mode=bool(node.attributes.get("ceil_mode", 0)))  # fmt: skip
    return Layer(padded(make, pads, value=-float("inf")))


@op("AveragePool")
def average_pool(node: Node) -> Layer:
    kernel, stride, dilation, pads = window(node)
    counts = bool(node.attributes.get("count_include_pad", 0))
    if any(step != 1 for step in dilation):
        raise node.unsupported("dilated windows")
    if not counts and (isinstance(pads, Same) or not is_even(pads)):
        raise node.unsupported("uneven padding that does not count in the average")
    settings: dict[str, Any] = {"ceil_mode": bool(node.attributes.get("ceil_mode", 0))}
    make = partial(AVERAGE[len(kernel)], kernel, stride, count_include_pad=counts, **settings)
    return Layer(padded(make, pads))


class OverPositions(nn.Module):
    """The mean or maximum over all positions, where the file does not tell how many dimensions there are."""

    def __init__(self, reduce: Callable[..., Tensor]) -> None:
        super().__init__()
        self.reduce = reduce

    def forward(self, x: Tensor) -> Tensor:
        return self.reduce(x, tuple(range(2, x.dim())), keepdim=True)


@op("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node) -> Layer:
    kind = GLOBAL.get((node.op, node.rank))
    if kind is not None:
        return Layer(kind(1))
    return Layer(OverPositions(torch.mean if node.op == "GlobalAveragePool" else torch.amax))
