"""The kinds of noise, each as a random field that the level then scales: more noise is more of the same.

Inputs are taken before they are normalised, usually 0…1. The field of a sample follows from the seed, the kind, and the
sample's place in the data: batch size, device and network do not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError


@dataclass(frozen=True)
class Noise:
    """One kind of noise.

    Attributes:
        number: of the kind, which goes into the seed.
        field: (generator, shape of a sample) → random numbers, float32.
        add: (samples [B, …], their fields, level) → noisy samples.
        level: what the level is, as an axis says it. most: the highest, None: there is none.
    """

    number: int
    field: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    add: Callable[[Tensor, Tensor, float], Tensor]
    level: str
    most: float | None = None

    def fields(self, samples: Tensor, start: int, seed: int, which: int = 0) -> Tensor:
        """The random fields of a batch.

        Args:
            start: the place of the first sample in the data.
            which: the number of the input, for networks of several.
        """
        drawn = [
            self.field(np.random.default_rng((seed, self.number, which, start + place)), tuple(samples.shape[1:]))
            for place in range(len(samples))
        ]
        return torch.from_numpy(np.stack(drawn)).to(samples.device)


def frame_dims(samples: Tensor) -> list[int]:
    """Over which dimensions a frame extends: of videos [B, C, frames, H, W] all but batch and frames."""
    return [1, 3, 4] if samples.dim() == 5 else list(range(1, samples.dim()))


def pixels(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a sample with a single channel, where it has channels: those of a pixel share their fate."""
    return (1, *shape[1:]) if len(shape) > 1 else shape


def ends(samples: Tensor) -> tuple[Tensor, Tensor]:
    """The least and greatest value that a sample can have, [B, 1, …]: 0 and 1, unless it has values beyond."""
    flat = samples.flatten(1)
    shape = (-1, *[1] * (samples.dim() - 1))
    return flat.amin(1).clamp(max=0).view(shape), flat.amax(1).clamp(min=1).view(shape)


def add_gaussian(samples: Tensor, field: Tensor, a: float) -> Tensor:
    """x + σ z with z ~ N(0, 1) for every value, σ = a · std of the values of the frame."""
    return samples + a * samples.std(frame_dims(samples), correction=0, keepdim=True) * field


def add_salt_pepper(samples: Tensor, field: Tensor, P: float) -> Tensor:
    """With u uniform in [0, 1) for every pixel: its frame's least where u < P/2, the greatest where u ≥ 1 − P/2."""
    low, high = (end(samples, frame_dims(samples), keepdim=True) for end in (torch.amin, torch.amax))
    return torch.where(field < P / 2, low, torch.where(field >= 1 - P / 2, high, samples))


def clipped(noisy: Tensor, samples: Tensor) -> Tensor:
    """No value outside the range of the sample before."""
    low, high = ends(samples)
    return torch.maximum(torch.minimum(noisy, high), low)


# Yu et al., SVFormer, arXiv:2406.15034, Table 2.
NOISES = {
    "gaussian": Noise(
        0,
        lambda generator, shape: generator.standard_normal(shape, np.float32),
        add_gaussian,
        "a = σ / standard deviation of the frame",
    ),
    "salt-pepper": Noise(
        1,
        lambda generator, shape: generator.random(pixels(shape), np.float32),
        add_salt_pepper,
        "probability P of a pixel",
        most=1.0,
    ),
}


def check_levels(kind: str, levels: tuple[float, ...]) -> tuple[float, ...]:
    """Levels of a kind of noise in increasing order.

    Raises:
        InputError: one that is not above 0, above what the kind allows, or there twice.
    """
    most = NOISES[kind].most
    fine = all(0 < level < float("inf") and (most is None or level <= most) for level in levels)
    if not fine or len(set(levels)) < len(levels):
        raise InputError(
            f"the levels of {kind} noise are out of range" if not fine else f"a level of {kind} noise comes twice",
            expected="different numbers above 0" + (f", at most {most:g}" if most else ""),
            got=", ".join(f"{level:g}" for level in levels),
        )
    return tuple(sorted(levels))
