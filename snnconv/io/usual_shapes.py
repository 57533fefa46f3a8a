"""Input shapes that stock networks were made for, where their layers do not tell them."""

from __future__ import annotations

from typing import Any

from torch import nn

Shapes = tuple[tuple[int, ...], ...]


def clips(*sizes: tuple[int, int]) -> Shapes:
    """Colour clips of (frames, side), one for each input."""
    return tuple((3, frames, side, side) for frames, side in sizes)


# Frames and crop that the published weights were trained with, as far as the networks' own pooling asks for them.
USUAL: dict[str, Shapes] = {
    "torchvision:r3d_18": clips((16, 112)),
    "torchvision:mc3_18": clips((16, 112)),
    "torchvision:r2plus1d_18": clips((16, 112)),
    "torchvision:s3d": clips((16, 224)),
    "torchvision:mvit_v1_b": clips((16, 224)),
    "torchvision:mvit_v2_s": clips((16, 224)),
    "torchvision:swin3d_t": clips((16, 224)),
    "torchvision:swin3d_s": clips((16, 224)),
    "torchvision:swin3d_b": clips((16, 224)),
    "torchvision:inception_v3": ((3, 299, 299),),
    "pytorchvideo:slow_r50": clips((8, 224)),
    "pytorchvideo:c2d_r50": clips((8, 224)),
    "pytorchvideo:i3d_r50": clips((8, 224)),
    "pytorchvideo:csn_r101": clips((32, 224)),
    "pytorchvideo:r2plus1d_r50": clips((16, 224)),
    "pytorchvideo:x3d_xs": clips((4, 160)),
    "pytorchvideo:x3d_s": clips((13, 160)),
    "pytorchvideo:x3d_m": clips((16, 224)),
    "pytorchvideo:x3d_l": clips((16, 312)),
    "pytorchvideo:efficient_x3d_xs": clips((4, 160)),
    "pytorchvideo:efficient_x3d_s": clips((13, 160)),
    "pytorchvideo:slowfast_r50": clips((8, 224), (32, 224)),
    "pytorchvideo:slowfast_r101": clips((8, 224), (32, 224)),
    "pytorchvideo:slowfast_16x8_r101_50_50": clips((16, 224), (64, 224)),
    "pytorchvideo:slowfast_4x16": clips((4, 224), (32, 224)),
    "pytorchvideo:slowfast_4x16_r101": clips((4, 224), (32, 224)),
    "pytorchvideo:slowfast_8x8": clips((8, 224), (32, 224)),
    "pytorchvideo:slowfast_8x8_r101": clips((8, 224), (32, 224)),
    "pytorchvideo:slowonly_4x16": clips((4, 224)),
    "pytorchvideo:slowonly_4x16_r101": clips((4, 224)),
    "pytorchvideo:slowonly_8x8": clips((8, 224)),
    "pytorchvideo:slowonly_8x8_r101": clips((8, 224)),
    "pytorchvideo:mvit_base_16x4": clips((16, 224)),
    "pytorchvideo:mvit_base_32x3": clips((32, 224)),
    "pytorchvideo:mvit_base_16": ((3, 224, 224),),
}


def usual_shapes(spec: str, model: nn.Module) -> Shapes | None:
    """Shapes of one sample for each input of the network that `spec` names; None where nothing is known."""
    if spec.startswith("timm:"):
        settings: dict[str, Any] = getattr(model, "pretrained_cfg", None) or {}
        size = settings.get("input_size")
        return (tuple(size),) if size else None
    return USUAL.get(spec)
