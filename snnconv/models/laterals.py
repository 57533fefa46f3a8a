"""SlowFast with a choice of what stands between its pathways."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..errors import InputError

LATERALS = ("norm", "linear")


def create_slowfast(
    *,
    laterals: str = "norm",
    slowfast_channel_reduction_ratio: tuple[int, ...] = (8,),
    slowfast_conv_channel_fusion_ratio: int = 2,
    slowfast_fusion_conv_kernel_size: tuple[int, ...] = (7, 1, 1),
    slowfast_fusion_conv_stride: tuple[int, ...] = (4, 1, 1),
    **settings: Any,
) -> nn.Module:
    """pytorchvideo's `create_slowfast`, all of whose settings are taken.

    Args:
        laterals: "norm", a convolution, a norm and a ReLU, as its authors' weights have them; or "linear", a
            convolution alone, as those of mmaction2 (`ResNet3dPathway` with `lateral_norm=False`).

    Raises:
        InputError: other laterals.
    """
    from pytorchvideo.models.slowfast import FastToSlowFusionBuilder
    from pytorchvideo.models.slowfast import create_slowfast as create

    if laterals not in LATERALS:
        raise InputError("SlowFast has no such laterals", expected=", ".join(LATERALS), got=repr(laterals))
    given: dict[str, Any] = {
        "slowfast_channel_reduction_ratio": slowfast_channel_reduction_ratio,
        "slowfast_conv_channel_fusion_ratio": slowfast_conv_channel_fusion_ratio,
        "slowfast_fusion_conv_kernel_size": slowfast_fusion_conv_kernel_size,
        "slowfast_fusion_conv_stride": slowfast_fusion_conv_stride,
        **settings,
    }
    if laterals == "linear":
        build: Any = FastToSlowFusionBuilder  # its text allows no norm and no activation, its types do not
        given["fusion_builder"] = build(
            slowfast_channel_reduction_ratio=slowfast_channel_reduction_ratio[0],
            conv_fusion_channel_ratio=slowfast_conv_channel_fusion_ratio,
            conv_kernel_size=slowfast_fusion_conv_kernel_size,
            conv_stride=slowfast_fusion_conv_stride,
            norm=None,
            activation=None,
        ).create_module
    return create(**given)
