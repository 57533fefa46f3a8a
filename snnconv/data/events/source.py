"""What the kinds of event data share: options, and samples out of recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..options import split_options
from ..source import Samples
from .frames import Framing, to_frames

CHOICES = {"by": ("count", "time"), "values": ("counts", "binary")}
NUMBERS = ("frames", "size")
PARTS = ("train", "test")
Framed = Callable[[int], Framing]  # pixels along a side of the sensor → how its events become frames


def parse(argument: str) -> tuple[str, str, Framed]:
    """`DIR:train?frames=16&size=64` → DIR, "train", and the framing for a sensor.

    The part is "test" where none is named, as with every data source.

    Raises:
        InputError: an unknown option or value; from the framing: a size that does not divide the sensor's.
    """
    place, given = split_options(argument, (*NUMBERS, *CHOICES), "event data")
    numbers = {name: positive(name, given[name], argument) for name in NUMBERS if name in given}
    words = {name: chosen(name, given[name], argument) for name in CHOICES if name in given}
    before, _, part = place.rpartition(":")
    place, part = (before, part) if before and part in PARTS else (place, "test")

    def framing(sensor: int) -> Framing:
        size = numbers.get("size", sensor)
        if sensor % size:
            raise InputError(
                "the size of the frames does not divide that of the sensor",
                expected=", ".join(str(side) for side in range(1, sensor + 1) if sensor % side == 0),
                got=f"size={size}, {sensor} pixels",
                where=argument,
            )
        return Framing(**{**numbers, **words, "size": size})

    return place, part, framing


def positive(name: str, text: str, where: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(
            f"{name} is out of range", expected="a whole number, at least 1", got=f"{name}={text}", where=where
        )
    return int(text)


def chosen(name: str, text: str, where: str) -> str:
    if text not in CHOICES[name]:
        raise InputError(f"unknown {name}", expected=" or ".join(CHOICES[name]), got=f"{name}={text}", where=where)
    return text


def recordings(
    read: Callable[[int], tuple[np.ndarray, str]],
    labels: Sequence[int],
    classes: int | None,
    sensor: int,
    framed: Framed,
) -> Samples:
    """Samples out of recordings, x float32 [N, 2, frames, size, size].

    Args:
        read: position → its events, and what to call it in errors.
    """
    framing = framed(sensor)

    def fetch(positions: range) -> tuple[Tensor, Tensor]:
        frames = [to_frames(*read(position), sensor, framing) for position in positions]
        return torch.from_numpy(np.stack(frames)), torch.tensor([labels[position] for position in positions])

    return Samples(fetch, len(labels), classes=classes)
