"""Changing the resolution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F

from ..graph import Layer, Node, Value
from .table import op

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
CENTRES = {"asymmetric": 0.0, "half_pixel": 0.5, "pytorch_half_pixel": 0.5}  # where an entry stands in its place
ROUNDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda place: np.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: np.floor(place + 0.5),
}
COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners")  # those of linear interpolation


@op("Resize", "Upsample")
def resize(node: Node) -> Layer:
    """Where PyTorch computes the same: nearest neighbours by whole factors, linear by the usual coordinates."""
    scales_at = 2 if node.op == "Resize" and node.opset >= 11 else 1
    mode = node.attributes.get("mode", "nearest")
    coordinates = node.attributes.get(
        "coordinate_transformation_mode", "half_pixel" if scales_at == 2 else "asymmetric"
    )
    align_corners = coordinates == "align_corners" if mode == "linear" else None
    if mode != "nearest" and (mode != "linear" or coordinates not in COORDINATES):
        raise node.unsupported(f"mode {mode} by {coordinates}")
    axes = node.attributes.get("axes")
    for place, setting in ((scales_at, "scale_factor"), (3, "size")):
        if node.has(place) and not node.is_constant(place):
            check_nearest(node, mode, coordinates, None)
            if axes is not None:
                raise node.unsupported(f"chosen axes {axes} by what is computed")
            return Layer(partial(resized, setting=setting, mode=mode, align_corners=align_corners), (0, place))
    scales = node.attributes.get("scales")
    if scales is None and node.has(scales_at):
        scales = node.constant(scales_at, "scales").reshape(-1).tolist()
    sizes = node.constant(3, "sizes").reshape(-1).tolist() if node.op == "Resize" and node.has(3) else None
    if axes is not None:
        scales, sizes = of_all_axes(node, axes, scales, sizes)
    dims = len(scales or sizes or ()) - 2
    if dims not in LINEAR or list(scales[:2] if scales else [1, 1]) != [1, 1]:
        raise node.unsupported("it changes the batch or the channels, or has no spatial dimensions")
    check_nearest(node, mode, coordinates, scales)
    results = [size and int(size * scale) for size, scale in zip(node.input_shape, scales)] if scales else sizes or []
    if mode == "linear" and coordinates == "pytorch_half_pixel" and 1 in results[2:]:
        raise node.unsupported("one position, which PyTorch takes from the middle and the file from the start")
    settings: dict[str, Any] = {"scale_factor": tuple(scales[2:])} if scales else {"size": (sizes or [])[2:]}
    kind = LINEAR[dims] if mode == "linear" else "nearest"
    return Layer(nn.Upsample(**settings, mode=kind, align_corners=align_corners))


def of_all_axes(
    node: Node, axes: list[int], scales: list[float] | None, sizes: list[int] | None
) -> tuple[list[float] | None, list[int] | None]:
    """Factors or sizes for every dimension from those of chosen `axes`."""
    places = [axis % node.rank for axis in axes] if node.rank else []
    if not places or (sizes and not scales and sorted(places) != list(range(2, node.rank))):
        raise node.unsupported(f"chosen axes {axes}, where the file does not tell the size of the others")
    by_place = dict(zip(places, scales or sizes or ()))
    full = [by_place.get(axis, 1) for axis in range(node.rank)]
    return (full, None) if scales else (None, full)  # type: ignore[return-value]


def check_nearest(node: Node, mode: str, coordinates: str, scales: list[float] | None) -> None:
    """Refuse nearest neighbours that PyTorch chooses otherwise; `scales` are None where sizes are given instead."""
    rounding = node.attributes.get("nearest_mode", "round_prefer_floor")
    if mode != "nearest":
        return
    if node.op == "Upsample" or node.opset < 11:
        rounding = "floor"  # which these name none of
    is_pytorchs = coordinates == "asymmetric" and rounding == "floor"
    whole = scales is not None and all(repeats(float(scale), coordinates, rounding) for scale in scales)
    if not is_pytorchs and not whole:
        raise node.unsupported(f"nearest neighbours by {coordinates}, {rounding}")


def repeats(scale: float, coordinates: str, rounding: str) -> bool:
    """Whether the standard's rule takes every entry `scale` times, as PyTorch does for whole factors."""
    if not scale.is_integer() or scale < 1 or coordinates not in CENTRES or rounding not in ROUNDINGS:
        return False
    place = np.arange(4 * scale)
    nearest = ROUNDINGS[rounding]((place + CENTRES[coordinates]) / scale - CENTRES[coordinates])
    return bool(np.array_equal(nearest.clip(0, 3), place // scale))


def resized(x: Tensor, given: Value, setting: str, mode: str, align_corners: bool | None) -> Tensor:
    """By factors, or to sizes, that the file computes from other sizes."""
    assert isinstance(given, np.ndarray), "sizes are never computed from the network's signals"
    numbers = given.reshape(-1).tolist()
    if numbers[1] != (1 if setting == "scale_factor" else x.shape[1]):
        raise ValueError(f"it changes the channels: {numbers}")
    kind = LINEAR[x.dim() - 2] if mode == "linear" else "nearest"
    settings: dict[str, Any] = {setting: numbers[2:], "align_corners": align_corners}
    return F.interpolate(x, mode=kind, **settings)


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
