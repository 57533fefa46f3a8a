"""Changing the resolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from ..graph import Layer, Node
from .table import op

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@op("Resize", "Upsample")
def resize(node: Node) -> Layer:
    """Where PyTorch computes the same: nearest neighbours by whole factors, linear by the usual coordinates."""
    scales_at = 2 if node.op == "Resize" and node.opset >= 11 else 1
    scales = node.attributes.get("scales")
    if scales is None and node.has(scales_at):
        scales = node.constant(scales_at, "scales").reshape(-1).tolist()
    sizes = node.constant(3, "sizes").reshape(-1).tolist() if node.op == "Resize" and node.has(3) else None
    mode, dims = node.attributes.get("mode", "nearest"), len(scales or sizes or ()) - 2
    coordinates = node.attributes.get(
        "coordinate_transformation_mode", "half_pixel" if scales_at == 2 else "asymmetric"
    )
    if dims not in LINEAR or list(scales[:2] if scales else [1, 1]) != [1, 1]:
        raise node.unsupported("it changes the batch or the channels, or has no spatial dimensions")
    settings: dict[str, Any] = {"scale_factor": tuple(scales[2:])} if scales else {"size": (sizes or [])[2:]}
    if mode == "nearest":
        whole = scales is not None and all(float(scale).is_integer() for scale in scales)
        rounding = node.attributes.get("nearest_mode", "round_prefer_floor")
        if not (whole or (coordinates == "asymmetric" and rounding == "floor")):
            raise node.unsupported(f"nearest neighbours by {coordinates}, {rounding}")
        if coordinates == "asymmetric" and rounding != "floor" and scales_at == 2 and np.any(np.array(scales) > 2):
            raise node.unsupported(f"nearest neighbours by {coordinates}, {rounding}")
        return Layer(nn.Upsample(**settings, mode="nearest"))
    if mode != "linear" or coordinates not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise node.unsupported(f"mode {mode} by {coordinates}")
    return Layer(nn.Upsample(**settings, mode=LINEAR[dims], align_corners=coordinates == "align_corners"))


@op("DepthToSpace")
def depth_to_space(node: Node) -> Layer:
    size = int(node.attributes["blocksize"])
    if node.attributes.get("mode", "DCR") == "CRD":
        return Layer(nn.PixelShuffle(size))

    def call(x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        blocks = x.reshape(batch, size, size, channels // size**2, height, width).permute(0, 3, 4, 1, 5, 2)
        return blocks.reshape(batch, channels // size**2, height * size, width * size)

    return Layer(call)


@op("SpaceToDepth")
def space_to_depth(node: Node) -> Layer:
    size = int(node.attributes["blocksize"])

    def call(x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        blocks = x.reshape(batch, channels, height // size, size, width // size, size).permute(0, 3, 5, 1, 2, 4)
        return blocks.reshape(batch, channels * size**2, height // size, width // size)

    return Layer(call)
