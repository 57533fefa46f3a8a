"""The input shape of a network that nobody told: usual sizes, tried on the first layer's number of channels."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from ..errors import InputError
from .capture import evaluating

LARGE = [(224, 224), (256, 256), (299, 299)]
SMALL = [(32, 32), (28, 28), (64, 64), (96, 96), (128, 128)]
CLIPS = [(16, 112, 112), (8, 224, 224), (16, 224, 224), (32, 224, 224)]
PATHWAYS = [(8, 32), (16, 64), (4, 32)]  # frames of the slow and the fast pathway of a SlowFast network
SIGNALS = [(1024,), (16000,)]
SHAPE = (
    "pass input_shape=(channels, height, width) (--input-shape 3,224,224), or calibration data; several inputs take "
    "several shapes (--input-shape '3,8,224,224;3,32,224,224')"
)
SEQUENCE = "pass the length of a sequence as input_shape=(length,) (--input-shape 128), or calibration data"
WORDS = [((16,),), ((32,),), ((64,),), ((128,),), ((512,),)]  # lengths of a sequence
LENGTH = 16  # of a sequence of vectors
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
TABLES = (nn.Embedding, nn.EmbeddingBag)


def infer_input_shapes(model: nn.Module) -> list[tuple[int, ...]]:
    """The first usual shape, without the batch, that the model's forward takes; two where it takes a list of clips.

    The first convolution gives channels and dimensions. Image sizes of ImageNet come first where that layer strides or
    the last layer has hundreds of classes, else those of CIFAR and MNIST.

    Raises:
        InputError: no first layer to go by, or no usual shape runs.
    """
    tried: list[tuple[tuple[int, ...], ...]] = []
    reference = next(model.parameters(), torch.zeros(()))
    dtype = torch.int64 if isinstance(first_layer(model), TABLES) else reference.dtype
    with evaluating(model):
        for shapes in candidates(model):
            tried.append(shapes)
            for filled in (0, 1) if dtype == torch.int64 else (0,):  # some words are counted from 1
                inputs = [torch.full((2, *shape), filled, dtype=dtype, device=reference.device) for shape in shapes]
                try:
                    model(inputs[0] if len(inputs) == 1 else inputs)
                except Exception:
                    continue
                return list(shapes)
    raise InputError(
        "the input shape cannot be inferred",
        got=f"tried {', '.join(' and '.join(map(str, shapes)) for shapes in tried)}"
        if tried
        else f"no layer of {type(model).__name__} tells it",
        remedy=SEQUENCE if isinstance(first_layer(model), TABLES) else SHAPE,
    )


def first_layer(model: nn.Module) -> nn.Module | None:
    """The one that is made first, of those that tell what goes in."""
    return next((m for m in model.modules() if isinstance(m, (*LAYERS, *TABLES, nn.RNNBase))), None)


def candidates(model: nn.Module) -> Iterator[tuple[tuple[int, ...], ...]]:
    """What to try, the likeliest first: the shape of each input."""
    first = first_layer(model)
    if isinstance(first, TABLES):
        yield from WORDS
        return
    if isinstance(first, nn.RNNBase):
        yield ((LENGTH, first.input_size),)
        return
    layers = [m for m in model.modules() if isinstance(m, LAYERS)]
    if not layers:
        return
    last = layers[-1]
    if isinstance(first, nn.Linear):
        yield ((first.in_features,),)
        yield ((LENGTH, first.in_features),)
        return
    if not isinstance(first, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return
    dims = len(first.kernel_size)
    classes = last.out_features if isinstance(last, nn.Linear) else last.out_channels
    looks_large = max(first.stride) > 1 or classes >= 200
    images = LARGE + SMALL if looks_large else SMALL + LARGE
    if first.in_channels == 1 and not looks_large:
        images = [(28, 28), *images]
    for size in {1: SIGNALS, 2: images, 3: CLIPS}[dims]:
        yield ((first.in_channels, *size),)
    if dims == 3:
        for frames in PATHWAYS:
            yield tuple((first.in_channels, count, 224, 224) for count in frames)
