"""Normalisations."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from ..graph import Layer, Node
from .table import op, set_weights

BATCH_NORMS: dict[int, type[nn.Module]] = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@op("BatchNormalization")
def batch_norm(node: Node) -> Layer:
    if node.attributes.get("training_mode", 0):
        raise node.unsupported("it was exported in training mode")
    if not node.attributes.get("spatial", 1):
        raise node.unsupported("statistics of its own for every position")
    scale, bias, mean, variance = (
        node.constant(index, name) for index, name in enumerate(("scale", "bias", "mean", "variance"), 1)
    )
    kind = BATCH_NORMS[node.rank or 4]
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


@op("LayerNormalization")
def layer_norm(node: Node) -> Layer:
    """Over the last dimensions, as many as the scale has."""
    scale = node.constant(1, "scale")
    bias = node.constant(2, "bias") if node.has(2) else np.zeros_like(scale)
    axis = int(node.attributes.get("axis", -1))
    if (axis >= 0 and node.rank - axis != scale.ndim) or -axis > scale.ndim:
        raise node.unsupported(f"axis {axis} with a scale of shape {scale.shape}")
    module = nn.LayerNorm(list(scale.shape), node.attributes.get("epsilon", 1e-5))
    return Layer(set_weights(module, weight=scale, bias=bias))
