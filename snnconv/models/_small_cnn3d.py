"""A small 3-D CNN for small videos, as crops of faces or hands."""

from __future__ import annotations

from torch import nn

from .checks import require_counts

CHANNELS = (16, 32, 64, 64)
STRIDES = ((1, 2, 2), (1, 2, 2), (2, 2, 2), (2, 1, 1))
GRID = (7, 2, 2)  # places in time, height and width of which the classifier knows: words have an order


def small_cnn3d(num_classes: int = 10, in_channels: int = 3, dropout: float = 0.5) -> nn.Sequential:
    """Four convolutions 3×3×3 with BatchNorm and ReLU, means over 7×2×2 parts of the clip, and a classifier.

    Clips [B, channels, frames, H, W] of any size → scores [B, num_classes]. Of one grey channel and 4 classes 0.19 M
    parameters and, for 28 frames of 32×40, 0.07 G multiply-accumulates.

    Args:
        dropout: before the classifier, in training.

    Raises:
        InputError: a number below 1.
    """
    require_counts("the small 3-D CNN", num_classes=num_classes, in_channels=in_channels)
    layers: list[nn.Module] = []
    before = in_channels
    for channels, stride in zip(CHANNELS, STRIDES):
        layers += [nn.Conv3d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm3d(channels), nn.ReLU()]
        before = channels
    places = GRID[0] * GRID[1] * GRID[2]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool3d(GRID), nn.Flatten(), nn.Dropout(dropout), nn.Linear(before * places, num_classes)
    )
