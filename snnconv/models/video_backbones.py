"""SlowFast and SlowOnly by the names of their papers: settings that pytorchvideo can build but its hub does not name.

A×B is what the slow pathway sees: A frames, every B-th of the video. SlowOnly is that pathway alone. The fast pathway
sees α times as many frames, and lateral convolutions with a stride of α frames hand them on to the slow one.

Source: Feichtenhofer et al., "SlowFast Networks for Video Recognition", ICCV 2019 (arXiv:1812.03982), Tables 1 and 2.
How many frames the lateral convolutions span is as in the weights that its authors published (7 for 8×8 with R50, else
5). The weights have the names and shapes of those in pytorchvideo's model zoo (SLOWFAST_4x16_R50.pyth and its like).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAP = 7  # the side of the last map where frames are 224²


@dataclass(frozen=True)
class VideoBackbone:
    """One setting of a network.

    Attributes:
        module: of pytorchvideo, or one here that adds to it.
        builder: its function that takes all settings by name.
        settings: what they are; the caller's own go before them.
    """

    module: str
    builder: str
    settings: dict[str, Any]


def slowfast(depth: int, frames: int, ratio: int, lateral: int) -> VideoBackbone:
    """SlowFast of `frames` slow frames and α = `ratio`, with lateral convolutions over `lateral` fast frames."""
    settings = {
        "model_depth": depth,
        "slowfast_fusion_conv_kernel_size": (lateral, 1, 1),
        "slowfast_fusion_conv_stride": (ratio, 1, 1),
        "head_pool_kernel_sizes": ((frames, MAP, MAP), (ratio * frames, MAP, MAP)),
    }
    return VideoBackbone("snnconv.models.laterals", "create_slowfast", settings)


def slowonly(depth: int, frames: int) -> VideoBackbone:
    """The slow pathway of `frames` frames alone."""
    settings = {
        "model_depth": depth,
        "stem_conv_kernel_size": (1, 7, 7),
        "head_pool_kernel_size": (frames, MAP, MAP),
    }
    return VideoBackbone("pytorchvideo.models.resnet", "create_resnet", settings)


# Where no depth is named it is R50.
VIDEO_BACKBONES: dict[str, VideoBackbone] = {
    "slowfast_4x16": slowfast(50, frames=4, ratio=8, lateral=5),
    "slowfast_4x16_r101": slowfast(101, frames=4, ratio=8, lateral=5),
    "slowfast_8x8": slowfast(50, frames=8, ratio=4, lateral=7),
    "slowfast_8x8_r101": slowfast(101, frames=8, ratio=4, lateral=5),
    "slowonly_4x16": slowonly(50, frames=4),
    "slowonly_4x16_r101": slowonly(101, frames=4),
    "slowonly_8x8": slowonly(50, frames=8),
    "slowonly_8x8_r101": slowonly(101, frames=8),
}
