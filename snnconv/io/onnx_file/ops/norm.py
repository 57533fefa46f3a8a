"""Normalisations."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from torch import Tensor, nn

from ..graph import Layer, Node
from .table import op, set_weights

BATCH_NORMS: dict[int, type[nn.Module]] = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


class AnyRank(nn.BatchNorm2d):
    """Where the file does not tell how many dimensions there are."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"a batch norm of {input.dim()} dimensions")


@op("BatchNormalization")
def batch_norm(node: Node) -> Layer:
    if node.attributes.get("training_mode", 0):
        raise node.unsupported("it was exported in training mode")
    if not node.attributes.get("spatial", 1):
        raise node.unsupported("statistics of its own for every position")
    scale, bias, mean, variance = (
        node.constant(index, name) for index, name in enumerate(("scale", "bias", "mean", "variance"), 1)
    )
    kind = BATCH_NORMS.get(node.rank, AnyRank)
    settings: dict[str, Any] = {"eps": node.attributes.get("epsilon", 1e-5)}
    momentum = 1 - node.attributes.get("momentum", 0.9)  # ONNX has the share that is kept
    module = kind(scale.shape[0], momentum=momentum, **settings)
    return Layer(set_weights(module, weight=scale, bias=bias, running_mean=mean, running_var=variance))


@op("InstanceNormalization")
def instance_norm(node: Node) -> Layer:
    """As a group norm with a group for each channel, which takes any number of dimensions."""
    scale, bias = node.constant(1, "scale"), node.constant(2, "bias")
    module = nn.GroupNorm(scale.shape[0], scale.shape[0], node.attributes.get("epsilon", 1e-5))
    return Layer(set_weights(module, weight=scale, bias=bias))


@op("GroupNormalization")
def group_norm(node: Node) -> Layer:
    scale, bias, groups = node.constant(1, "scale"), node.constant(2, "bias"), int(node.attributes["num_groups"])
    if node.opset < 21:
        raise node.unsupported("before operator set 21 its scale was one number for each group")
    module = nn.GroupNorm(groups, scale.shape[0], node.attributes.get("epsilon", 1e-5))
    return Layer(set_weights(module, weight=scale, bias=bias))


class LayerNormFrom(nn.LayerNorm):
    """From an axis on, where the file does not tell how many dimensions there are."""

    def __init__(self, axis: int, shape: list[int], epsilon: float) -> None:
        super().__init__(shape, epsilon)
        self.axis = axis

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() - self.axis != len(self.normalized_shape):
            raise ValueError(f"axis {self.axis} of {input.dim()} dimensions with a scale of {self.normalized_shape}")
        return super().forward(input)


@op("LayerNormalization")
def layer_norm(node: Node) -> Layer:
    """Over the last dimensions, as many as the scale has."""
    scale = node.constant(1, "scale")
    bias = node.constant(2, "bias") if node.has(2) else np.zeros_like(scale)
    axis = int(node.attributes.get("axis", -1))
    if (axis >= 0 and node.rank and node.rank - axis != scale.ndim) or (axis < 0 and -axis != scale.ndim):
        raise node.unsupported(f"axis {axis} with a scale of shape {scale.shape}")
    kind = nn.LayerNorm if axis < 0 or node.rank else partial(LayerNormFrom, axis)
    module = kind(list(scale.shape), node.attributes.get("epsilon", 1e-5))
    return Layer(set_weights(module, weight=scale, bias=bias))
