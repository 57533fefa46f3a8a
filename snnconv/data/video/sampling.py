"""Which frames of a video make a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Stride = int | Literal["uniform"]


@dataclass(frozen=True)
class Sampling:
    """`frames` frames, every `stride`-th in a window, or spread over the whole video.

    With n frames in the video and F in the clip:

        every s-th:  start + s·i,  i = 0…F−1, in a window of s·(F−1) + 1 frames
        uniform:     ⌊(i + u)·n / F⌋,  u in [0, 1): one from each of F equal parts

    A window longer than the video repeats the video's last frame; a uniform choice from fewer than F frames repeats all
    of them evenly.
    """

    frames: int
    stride: Stride

    @property
    def span(self) -> int:
        """How many frames a clip needs so that none is repeated."""
        return self.frames if self.stride == "uniform" else self.stride * (self.frames - 1) + 1

    def centre(self, count: int) -> list[int]:
        """The window in the middle, or the middle of every part."""
        return self._window(count, 0.5)

    def views(self, count: int, number: int) -> list[list[int]]:
        """Windows from the first to the last possible one at equal distances; one alone lies in the middle.

        Of uniform choices view v takes u = (v + ½) / number.
        """
        if number == 1:
            return [self.centre(count)]
        if self.stride == "uniform":
            return [self._window(count, (view + 0.5) / number) for view in range(number)]
        return [self._window(count, view / (number - 1)) for view in range(number)]

    def random(self, count: int, generator: np.random.Generator) -> list[int]:
        """A window anywhere, or from every part a frame at random, as temporal segment networks are trained."""
        if self.stride == "uniform":
            inside = generator.random(self.frames)
            return [int((part + u) * count / self.frames) for part, u in enumerate(inside)]
        return self._from(int(generator.integers(max(count - self.span, 0) + 1)), count)

    def _window(self, count: int, where: float) -> list[int]:
        """Args: where: in 0…1, of the way that a window can move; or u."""
        if self.stride == "uniform":
            return [int((part + where) * count / self.frames) for part in range(self.frames)]
        return self._from(int(where * max(count - self.span, 0)), count)

    def _from(self, start: int, count: int) -> list[int]:
        assert self.stride != "uniform"
        return [min(start + self.stride * place, count - 1) for place in range(self.frames)]
