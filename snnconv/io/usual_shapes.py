"""Input shapes that networks given by name were made for, with the arguments that they were built with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from ..models.geometry import Shapes, read_shapes, takes

# Arguments that leave alone what goes into a network; any other may change it.
SAME_INPUT = {"num_classes", "model_num_class", "dropout", "dropout_rate", "weights", "pretrained", "progress"}
# Arguments that are a size of what goes into it, and which: 0 channels, 1 frames, 2 and 3 height and width.
SIZES: dict[str, tuple[int, ...]] = {
    "in_channels": (0,), "in_chans": (0,), "input_channel": (0,),
    "input_clip_length": (1,), "temporal_size": (1,),
    "input_crop_size": (-2, -1), "spatial_size": (-2, -1), "img_size": (-2, -1), "image_size": (-2, -1),
}  # fmt: skip


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


def shapes_of(spec: str, model: nn.Module, arguments: Mapping[str, Any]) -> Shapes | None:
    """Shapes of one sample for each input of a network that was built by name; None where nothing is known.

    Args:
        arguments: that its builder got. Those that are a size change the usual shape by name; what others do to it is
            read off the network, as other kernels of the last pooling ask for other clips.
    """
    told = getattr(model, "input_shapes", None)
    if told:
        return told
    usual = usual_shapes(spec, model)
    if set(arguments) <= SAME_INPUT:
        return usual
    sized = with_sizes(usual, arguments)
    if sized is not None and sized != usual and takes(model, sized):
        return sized
    return read_shapes(model) or (usual if usual is not None and takes(model, usual) else None)


def usual_shapes(spec: str, model: nn.Module) -> Shapes | None:
    """The same, built without arguments."""
    if spec.startswith("timm:"):
        settings: dict[str, Any] = getattr(model, "pretrained_cfg", None) or {}
        size = settings.get("input_size")
        return (tuple(size),) if size else None
    return USUAL.get(spec)


def with_sizes(shapes: Shapes | None, arguments: Mapping[str, Any]) -> Shapes | None:
    """The shapes with the sizes among the arguments in the place of their own."""
    if shapes is None:
        return None
    changed = [list(shape) for shape in shapes]
    for name in arguments.keys() & SIZES.keys():
        for shape in changed:
            for place in SIZES[name]:
                if isinstance(arguments[name], int):
                    shape[place] = arguments[name]
    return tuple(tuple(shape) for shape in changed)
