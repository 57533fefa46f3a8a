"""The binary files of N-MNIST: events of 40 bits from an ATIS camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from .frames import EVENT

OVERFLOW_ROW = 240  # outside the sensor: such an event says that the clock has turned over
OVERFLOW = 1 << 13  # µs


def read_atis(path: Path) -> np.ndarray:
    """The events of a file, [N] of dtype `EVENT`.

    Big-endian: bits 39–32 x, 31–24 y, 23 polarity (1: on), 22–0 time in µs (Orchard et al. 2015,
    garrickorchard.com/datasets/n-mnist). An event in row 240 is none, but adds 2¹³ µs to the times from there on.

    Raises:
        InputError: the file cannot be read, or ends within an event.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError("a recording cannot be read", got=error.strerror, where=str(path)) from error
    if len(content) % 5:
        raise InputError(
            "a recording ends within an event",
            expected="5 bytes an event",
            got=f"{len(content)} bytes",
            where=str(path),
        )
    x, y, high, middle, low = np.frombuffer(content, np.uint8).reshape(-1, 5).T.astype(np.int64)
    overflow = y == OVERFLOW_ROW
    events = np.empty(len(x), EVENT)
    events["x"], events["y"], events["p"] = x, y, high >> 7
    events["t"] = ((high & 0x7F) << 16) + (middle << 8) + low + OVERFLOW * np.cumsum(overflow)
    return events[~overflow]
