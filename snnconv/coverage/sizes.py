"""At what size each network is verified, and what of it is made smaller: the policy table.

A network that is made smaller keeps every kind of layer that it has: the input shrinks, rows of equal blocks become
shorter, and pooling that asks for one fixed input fits the smaller one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from torch import nn

from ..errors import InputError
from ..io.factory import build
from ..io.usual_shapes import USUAL, Shapes, clips

OWN: Shapes = ((3, 224, 224),)  # what networks for images were made for, where nothing else is told


@dataclass(frozen=True)
class Size:
    """How large the networks are built whose names match.

    Attributes:
        names: regular expression of whole names, such as `torchvision:vit_b_(16|32)`.
        family: what they have in common; of each, one network is verified before the second one of any.
        shapes: of one sample, for each input.
        arguments: of the factory, as typed behind --arch-arg.
        keep: {path of a row of blocks, or of a parameter: how many of its first blocks, or rows, are kept}.
        replace: {path of a setting: its value}, as the kernel of a pooling layer made for the usual input.
    """

    names: str
    family: str
    shapes: Shapes
    arguments: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, int] = field(default_factory=dict)
    replace: Mapping[str, Any] = field(default_factory=dict)


def square(side: int) -> Shapes:
    return ((3, side, side),)


def pooled(path: str, *kernel: int) -> dict[str, Any]:
    """The pooling layer at `path`, made for the usual map, takes one of this size."""
    return {f"{path}.kernel_size": kernel}


def pathways(slow: int, fast: int) -> dict[str, Any]:
    """The pooling of SlowFast's two pathways, of so many frames."""
    return {**pooled("blocks.5.pool.0", slow, 2, 2), **pooled("blocks.5.pool.1", fast, 2, 2)}


POSITIONS = {"pos_encoding.spatial_size": (16, 16), "pos_encoding.temporal_size": 4}

# The first match counts. Sizes are the smallest powers of two, or multiples of a patch, that leave no map empty.
SIZES: tuple[Size, ...] = (
    Size("torchvision:alexnet", "AlexNet", square(64)),
    Size("torchvision:vgg.*", "VGG", square(64)),
    Size("torchvision:(resnet|resnext|wide_resnet).*", "ResNet", square(64)),
    Size("torchvision:densenet.*", "DenseNet", square(64)),
    Size("torchvision:squeezenet.*", "SqueezeNet", square(64)),
    Size("torchvision:googlenet", "GoogLeNet", square(64)),
    Size("torchvision:inception_v3", "Inception v3", square(128)),
    Size("torchvision:shufflenet.*", "ShuffleNet v2", square(64)),
    Size("torchvision:mobilenet_v2", "MobileNet v2", square(64)),
    Size("torchvision:mobilenet_v3.*", "MobileNet v3", square(64)),
    Size("torchvision:mnasnet.*", "MNASNet", square(64)),
    Size("torchvision:efficientnet_v2.*", "EfficientNet v2", square(64)),
    Size("torchvision:efficientnet_b.", "EfficientNet", square(128)),  # 64² leaves 2×2: B5 had 10.3 %, by seed 1 3.7 %
    Size("torchvision:regnet_x.*", "RegNet X", square(64)),
    Size("torchvision:regnet_y_128gf", "RegNet Y", square(64), keep={"trunk_output.block3": 3}),
    Size("torchvision:regnet_y.*", "RegNet Y", square(64)),
    Size("torchvision:convnext.*", "ConvNeXt", square(64)),
    Size("torchvision:vit_b_16", "ViT", square(64), {"image_size": "64"}),
    Size("torchvision:vit_b_32", "ViT", square(96), {"image_size": "96"}),
    Size("torchvision:vit_l_16", "ViT", square(64), {"image_size": "64"}, keep={"encoder.layers": 6}),
    Size("torchvision:vit_l_32", "ViT", square(96), {"image_size": "96"}, keep={"encoder.layers": 6}),
    Size("torchvision:vit_h_14", "ViT", square(56), {"image_size": "56"}, keep={"encoder.layers": 4}),
    Size("torchvision:swin_v2_.", "Swin v2", square(64)),
    Size("torchvision:swin_.", "Swin", square(64)),
    Size("torchvision:maxvit_t", "MaxViT", square(224)),  # windows of 7 × 7 have to fit every stage
    Size("torchvision:(r3d|mc3|r2plus1d)_18", "3-D ResNet-18", clips((8, 32))),
    Size("torchvision:s3d", "S3D", clips((16, 64)), replace=pooled("avgpool", 2, 2, 2)),
    Size("torchvision:swin3d_.", "Video Swin", clips((4, 64))),
    Size("torchvision:mvit_v1_b", "MViT", clips((8, 64)), replace=POSITIONS,
         keep={"pos_encoding.spatial_pos": 16 * 16, "pos_encoding.temporal_pos": 4}),
    Size("torchvision:mvit_v2_s", "MViT v2", clips((8, 64)), replace=POSITIONS),
    Size("pytorchvideo:slow_r50", "Slow", clips((4, 64)), replace=pooled("blocks.5.pool", 4, 2, 2)),
    Size("pytorchvideo:(c2d|i3d)_r50", "I3D", clips((4, 64)), replace=pooled("blocks.6.pool", 2, 2, 2)),
    Size("pytorchvideo:csn_r101", "CSN", clips((8, 64)), replace=pooled("blocks.5.pool", 1, 2, 2)),
    Size("pytorchvideo:r2plus1d_r50", "R(2+1)D", clips((8, 64)), replace=pooled("blocks.5.pool", 2, 2, 2)),
    Size("pytorchvideo:x3d_(xs|s|m|l)", "X3D", clips((4, 64)), replace=pooled("blocks.5.pool.pool", 4, 2, 2)),
    Size("pytorchvideo:efficient_x3d_(xs|s)", "X3D", clips((4, 64))),
    Size("pytorchvideo:slowonly_4x16.*", "SlowOnly", clips((4, 64)), replace=pooled("blocks.5.pool", 4, 2, 2)),
    Size("pytorchvideo:slowonly_8x8.*", "SlowOnly", clips((8, 64)), replace=pooled("blocks.5.pool", 8, 2, 2)),
    Size("pytorchvideo:slowfast_4x16.*", "SlowFast", clips((4, 64), (32, 64)), replace=pathways(4, 32)),
    Size("pytorchvideo:slowfast_8x8.*", "SlowFast", clips((8, 64), (32, 64)), replace=pathways(8, 32)),
    Size("pytorchvideo:slowfast_.*", "SlowFast", clips((4, 64), (16, 64)), replace=pathways(4, 16)),
    Size("pytorchvideo:mvit_base_(16x4|32x3)", "MViT", clips((8, 64)), {"spatial_size": "64", "temporal_size": "8"}),
    Size("pytorchvideo:mvit_base_16", "MViT", square(64), {"spatial_size": "64"}),
)  # fmt: skip


def size_of(name: str) -> Size:
    """The line of the table.

    Raises:
        InputError: no line matches.
    """
    found = next((size for size in SIZES if re.fullmatch(size.names, name)), None)
    if found is None:
        raise InputError(f"no size is told for {name}", remedy="add a line to SIZES in snnconv/coverage/sizes.py")
    return found


def build_sized(name: str) -> tuple[nn.Module, list[str]]:
    """The network at its size, with what was made smaller in words; its weights follow from torch's seed.

    Raises:
        InputError: the name, or the package that has it, is not there.
    """
    size = size_of(name)
    model, told = build(name, arch_args=size.arguments), []
    if size.shapes != USUAL.get(name, OWN):
        told.append("input")
    for path, count in size.keep.items():
        owner, last = parent_of(model, path)
        row = getattr(owner, last)
        if isinstance(row, nn.Parameter):
            setattr(owner, last, nn.Parameter(row.data[:count].clone()))
        else:
            told.append(f"{count} of {len(row)} blocks in {path}")
            del row[count:]
    for path, value in size.replace.items():
        owner, last = parent_of(model, path)
        setattr(owner, last, value)
        if last == "kernel_size":
            told.append(f"{path.rpartition('.')[0]} pools {'×'.join(map(str, value))}")
    return model.eval(), told


def parent_of(model: nn.Module, path: str) -> tuple[Any, str]:
    """What holds the last part of a path, and that part."""
    *owners, last = path.split(".")
    return reduce(getattr, owners, model), last
