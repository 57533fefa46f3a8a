"""Convolutions."""

from __future__ import annotations

from functools import partial

import numpy as np
from torch import nn

from ..graph import Layer, Node
from .padding import Padded, padded, pads_of, spatial
from .table import op, set_weights

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def weights_of(node: Node) -> tuple[np.ndarray, np.ndarray | None]:
    weight = node.constant(1, "weight")
    bias = node.constant(2, "bias") if node.has(2) else None
    if weight.ndim - 2 not in CONVOLUTIONS:
        raise node.unsupported(f"a weight of shape {weight.shape}")
    kernel = node.attributes.get("kernel_shape")
    if kernel is not None and tuple(kernel) != weight.shape[2:]:
        raise node.unsupported(f"a window {tuple(kernel)} with a weight of shape {weight.shape}")
    return weight, bias


@op("Conv")
def convolution(node: Node) -> Layer:
    weight, bias = weights_of(node)
    kernel = weight.shape[2:]
    dims, groups = len(kernel), int(node.attributes.get("group", 1))
    stride, dilation = spatial(node, "strides", dims), spatial(node, "dilations", dims)
    make = partial(
        CONVOLUTIONS[dims], weight.shape[1] * groups, weight.shape[0], kernel, stride,
        dilation=dilation, groups=groups, bias=bias is not None, device="meta",
    )  # fmt: skip
    module = padded(make, pads_of(node, kernel, stride, dilation))
    set_weights(module.layer if isinstance(module, Padded) else module, weight=weight, bias=bias)
    return Layer(module)


@op("ConvTranspose")
def transposed(node: Node) -> Layer:
    weight, bias = weights_of(node)
    kernel = weight.shape[2:]
    dims, groups = len(kernel), int(node.attributes.get("group", 1))
    stride, dilation = spatial(node, "strides", dims), spatial(node, "dilations", dims)
    pads, extra = spatial(node, "pads", 2 * dims, 0), spatial(node, "output_padding", dims, 0)
    mode = node.attributes.get("auto_pad", "NOTSET")
    if mode not in ("NOTSET", "VALID") or (mode == "VALID" and any(pads)) or "output_shape" in node.attributes:
        raise node.unsupported("its padding depends on the size of the input")
    # Cutting one row less from the end is one row more of output.
    extra = tuple(more + before - after for more, before, after in zip(extra, pads[:dims], pads[dims:]))
    if any(more < 0 or more >= max(step, wide) for more, step, wide in zip(extra, stride, dilation)):
        raise node.unsupported(f"pads {pads} with strides {stride}")
    module = TRANSPOSED[dims](
        weight.shape[0], weight.shape[1] * groups, kernel, stride, padding=pads[:dims], output_padding=extra,
        groups=groups, bias=bias is not None, dilation=dilation, device="meta",
    )  # fmt: skip
    return Layer(set_weights(module, weight=weight, bias=bias))
