"""Batches mixed with themselves in the other order: mixup and CutMix."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from ..errors import InputError

if TYPE_CHECKING:
    from .settings import Settings

MIXING = 3  # beside the draws of the feed and of augmentation: another stream of the same seed


def mixed_batch(
    inputs: tuple[Tensor, ...], settings: Settings, epoch: int, batch: int
) -> tuple[tuple[Tensor, ...], float]:
    """A batch x mixed with itself from the last sample to the first, x', and what part λ of it is its own.

        mixup:   λx + (1 − λ)x',  λ ~ Beta(α, α)
        CutMix:  a rectangle of x', somewhere in each frame, with √(1 − λ) of its sides; λ is what is left of x

    The loss is λ times that of the labels, plus (1 − λ) times that of the labels from the last to the first. One draw
    counts for the batch, and follows from the seed, the epoch and the batch's place alone.

    Args:
        inputs: float [B, …]; for CutMix [B, …, H, W]. Several inputs of a sample are mixed alike.

    Raises:
        InputError: inputs that cannot be mixed.

    Source: Zhang et al., "mixup", ICLR 2018; Yun et al., "CutMix", ICCV 2019; both in turn as in timm.
    """
    ways = [name for name in ("mixup", "cutmix") if getattr(settings, name)]
    if not ways:
        return inputs, 1.0
    draw = np.random.default_rng((settings.seed % 2**63, epoch, batch, MIXING))
    way = ways[int(draw.integers(len(ways)))]
    alpha = getattr(settings, way)
    share = float(draw.beta(alpha, alpha))
    least = 4 if way == "cutmix" else 2
    if any(not x.is_floating_point() or x.dim() < least for x in inputs):
        raise InputError(
            f"{way} takes images" if way == "cutmix" else "mixup takes numbers that can be averaged",
            expected="float [B, …, H, W]" if way == "cutmix" else "float [B, …]",
            got=", ".join(f"{x.dtype} {list(x.shape)}".removeprefix("torch.") for x in inputs),
            remedy=f"pass {way}=0 (--{way} 0)",
        )
    if way == "mixup":
        return tuple(share * x + (1 - share) * x.flip(0) for x in inputs), share
    centre = draw.random(2)
    pasted = [with_rectangle(x, math.sqrt(1 - share), centre) for x in inputs]
    return tuple(x for x, _ in pasted), pasted[0][1]


def with_rectangle(x: Tensor, side: float, centre: np.ndarray) -> tuple[Tensor, float]:
    """x with a rectangle of x.flip(0) around `centre` (in 0…1), cut off at the border; and what is left of x."""
    spans = []
    for length, middle in zip(x.shape[-2:], centre):
        half, place = int(length * side) // 2, int(middle * length)
        spans.append((max(place - half, 0), min(place + half, length)))
    (top, bottom), (left, right) = spans
    result = x.clone()
    result[..., top:bottom, left:right] = x.flip(0)[..., top:bottom, left:right]
    return result, 1 - (bottom - top) * (right - left) / (x.shape[-2] * x.shape[-1])
