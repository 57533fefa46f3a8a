"""What the kinds of event data share: options, and samples out of recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..options import Option, one_of, split_options, split_part, whole_number
from ..source import Samples
from .frames import Framing, to_frames

OPTIONS = {
    "frames": Option(16, whole_number, "frames=16"),
    "by": Option("count", one_of("count", "time"), "by=count|time"),
    "size": Option(None, whole_number, "size=PIXELS"),
    "values": Option("counts", one_of("counts", "binary"), "values=counts|binary"),
}
Framed = Callable[[int], Framing]  # pixels along a side of the sensor → how its events become frames


def parse(argument: str) -> tuple[str, str, Framed]:
    """`DIR:train?frames=16&size=64` → DIR, "train", and the framing of a sensor.

    Raises:
        InputError: an unknown option; from the framing: a size that does not divide the sensor.
    """
    place, values = split_options(argument, OPTIONS, "event data")
    place, part = split_part(place)

    def framing(sensor: int) -> Framing:
        size = values["size"] or sensor
        if sensor % size:
            raise InputError(
                "the size of the frames does not divide that of the sensor",
                expected=", ".join(str(side) for side in range(1, sensor + 1) if sensor % side == 0),
                got=f"size={size}, {sensor} pixels",
                where=argument,
            )
        return Framing(**{**values, "size": size})

    return place, part, framing


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
