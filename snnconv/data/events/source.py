"""What the kinds of event data share: options, and samples out of recordings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..query import one_of, parse_query, positive
from ..samples import Samples
from .frames import Framing, to_frames

OPTIONS = {
    "frames": positive,
    "size": positive,
    "by": one_of("count", "time"),
    "values": one_of("counts", "binary"),
}
EXPECTED = "?frames=16&size=64&by=count|time&values=counts|binary (each optional)"
PARTS = ("train", "test")
Framed = Callable[[int], Framing]  # pixels along a side of the sensor → how its events become frames


def parse(argument: str) -> tuple[str, str, Framed]:
    """`DIR:train?frames=16&size=64` → DIR, "train", and the framing for a sensor.

    The part is "test" where none is named, as with every data source.

    Raises:
        InputError: an unknown option, value or part, or no place; from the framing: a size that does not divide the
            sensor's.
    """
    place, given = parse_query(argument, OPTIONS, "event data", EXPECTED)
    before, _, part = place.rpartition(":")
    if before and part not in PARTS and os.path.exists(before) and not os.path.exists(place):
        raise InputError(f"no such part of the data: {part!r}", expected=", ".join(PARTS), where=before)
    place, part = (before, part) if before and part in PARTS else (place, "test")
    if not place:
        raise InputError("the event data have no place", expected="KIND:PLACE, such as nmnist:DIR or events:FILE.npz")

    def framing(sensor: int) -> Framing:
        size = given.get("size", sensor)
        if sensor % size:
            raise InputError(
                "the size of the frames does not divide that of the sensor",
                expected=", ".join(str(side) for side in range(1, sensor + 1) if sensor % side == 0),
                got=f"size={size}, {sensor} pixels",
                where=argument,
            )
        return Framing(**{**given, "size": size})

    return place, part, framing


def recordings(
    read: Callable[[int], tuple[np.ndarray, str]],
    labels: Sequence[int],
    classes: int | None,
    sensor: int,
    framed: Framed,
    digest: Callable[[int], str],
) -> Samples:
    """Samples out of recordings, x float32 [N, 2, frames, size, size].

    Args:
        read: position → its events, and what to call it in errors.
        digest: see `Samples`.
    """
    framing = framed(sensor)

    def fetch(positions: Sequence[int]) -> tuple[Tensor, Tensor]:
        frames = [to_frames(*read(position), sensor, framing) for position in positions]
        return torch.from_numpy(np.stack(frames)), torch.tensor([labels[position] for position in positions])

    return Samples(fetch, len(labels), classes=classes, digest=digest)
