"""Several views of one clip: windows in time × places of the crop."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ...errors import InputError


@dataclass(frozen=True)
class Views:
    """How a clip is looked at in an evaluation: `temporal` windows, each in `spatial` crops."""

    temporal: int = 1
    spatial: int = 1

    @property
    def number(self) -> int:
        return self.temporal * self.spatial

    def __str__(self) -> str:
        return f"{self.temporal}x{self.spatial}"


ONE = Views()


def parse_views(text: str) -> Views:
    """`5x3`: 5 windows in time × 3 crops.

    Raises:
        InputError: it is not of this form.
    """
    found = re.fullmatch(r"([1-9]\d{0,2})[x×]([1-9]\d{0,2})", text)
    if found is None:
        raise InputError(
            "this is not a number of views",
            expected="TIMExSPACE, such as 5x3 or 10x3, each from 1 to 999",
            got=repr(text),
        )
    return Views(int(found[1]), int(found[2]))


def crops(video: np.ndarray, size: int, number: int) -> list[np.ndarray]:
    """Squares of the frames [F, H, W, 3] at equal distances along the longer side, in the middle of the shorter one.

    One alone is the centre; of three the outer ones touch the edges, as SlowFast is tested.
    """
    height, width = video.shape[1:3]
    ways = [place / (number - 1) for place in range(number)] if number > 1 else [0.5]
    found = []
    for way in ways:
        down, right = (0.5, way) if width >= height else (way, 0.5)
        found.append(square(video, size, down, right))
    return found


def random_crop(video: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """A square anywhere, the same in all frames."""
    height, width = video.shape[1:3]
    top, left = int(generator.integers(height - size + 1)), int(generator.integers(width - size + 1))
    return video[:, top : top + size, left : left + size]


def square(video: np.ndarray, size: int, down: float, right: float) -> np.ndarray:
    """Args: down, right: in 0…1, of the way that the square can move."""
    top, left = round(down * (video.shape[1] - size)), round(right * (video.shape[2] - size))
    return video[:, top : top + size, left : left + size]
