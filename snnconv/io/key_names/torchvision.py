"""torchvision: its published files of DenseNet are older than the names of its layers."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .table import KEY_NAMES, renamed


@KEY_NAMES.register("first DenseNet of torchvision")
def densenet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`denselayer1.norm.1.weight` → `denselayer1.norm1.weight`."""
    return renamed(state, [(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.")])
