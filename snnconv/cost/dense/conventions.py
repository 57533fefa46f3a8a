"""What published operation counts add up: each convention is a weight for each quantity that is counted.

Papers rarely say which they use, and the same network differs by percents between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...registry import Registry


@dataclass(frozen=True)
class Convention:
    """A named way to add quantities up.

    Attributes:
        weights: quantity → operations for each of it. Quantities: see `snnconv.graph.quantities`.
    """

    name: str
    summary: str
    weights: Mapping[str, float]


CONVENTIONS: Registry[Convention] = Registry("convention")

for convention in (
    Convention("mac", "multiply-accumulates of convolutions, linear layers and matrix products", {"mac": 1}),
    Convention("conv", "multiply-accumulates of convolutions alone, as where a head is left out", {"conv_mac": 1}),
    Convention("mac+bias", "mac, and one addition per output of a convolution with a bias", {"mac": 1, "conv_bias": 1}),
    Convention(
        "fvcore-eval", "mac, and 2 per BatchNorm element (fvcore on a model in eval mode)", {"mac": 1, "norm": 2}
    ),
    Convention(
        "fvcore-train",
        "mac, 5 per BatchNorm element, and the inputs of adaptive average pooling (fvcore on a model in train mode)",
        {"mac": 1, "norm": 5, "adaptive_pool_input": 1},
    ),
    Convention(
        "mmcv",
        "mac with all biases, 2 per BatchNorm element, ReLU outputs and pooling inputs (mmcv's complexity counter)",
        {"mac": 1, "conv_bias": 1, "linear_bias": 1, "norm": 2, "relu": 1, "pool_input": 1, "adaptive_pool_input": 1},
    ),
):
    CONVENTIONS.register(convention.name)(convention)
