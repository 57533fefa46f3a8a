"""Recordings made up, frames of them counted one event at a time, and files of them in the published formats."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from snnconv.data.events import EVENT


def made(count: int, sensor: int, seed: int = 0, start: int = 0, gap: int = 300) -> np.ndarray:
    """Events anywhere on the sensor, up to `gap` µs apart; several fall on one pixel."""
    random = np.random.default_rng(seed)
    events = np.empty(count, EVENT)
    events["x"], events["y"] = random.integers(0, sensor, (2, count))
    events["x"][: count // 4] = sensor - 1
    events["y"][: count // 4] = 0
    events["p"] = random.integers(0, 2, count)
    events["t"] = start + np.cumsum(random.integers(0, gap, count))
    return events


def counted(events: np.ndarray, frames: int, by: str, size: int, block: int) -> np.ndarray:
    """Frames, event by event."""
    result = np.zeros((2, frames, size, size), np.float32)
    first, last = int(events["t"][0]), int(events["t"][-1])
    for place, (x, y, p, t) in enumerate(events.tolist()):
        cut = place // (len(events) // frames) if by == "count" else (t - first) // ((last - first) // frames)
        result[p, min(cut, frames - 1), y // block, x // block] += 1
    return result


def write_atis(path: Path, events: np.ndarray) -> None:
    """N-MNIST: x, y, and three bytes of polarity and time, the high byte first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [(x, y, *(p << 23 | t).to_bytes(3, "big")) for x, y, p, t in events.tolist()]
    path.write_bytes(b"".join(map(bytes, rows)))


def write_aedat(path: Path, events: np.ndarray, packet: int = 50, invalid: Sequence[int] = ()) -> None:
    """AEDAT 3.1: lines of text, then packets; one of another kind, and an empty one, among those of events."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2016-01-01\r\n#!END-HEADER\r\n"]
    parts.append(struct.pack("<HHIIIIII", 0, 1, 8, 4, 0, 2, 2, 2) + bytes(16))
    parts.append(struct.pack("<HHIIIIII", 1, 1, 8, 4, 0, 0, 0, 0))
    numbered = list(enumerate(events.tolist()))
    overflows = [t >> 31 for _, (*_, t) in numbered]
    for overflow in sorted(set(overflows)):
        same = [event for event, turned in zip(numbered, overflows) if turned == overflow]
        for start in range(0, len(same), packet):
            some = same[start : start + packet]
            parts.append(struct.pack("<HHIIIIII", 1, 1, 8, 4, overflow, len(some), len(some), len(some)))
            for number, (x, y, p, t) in some:
                valid = number not in invalid
                parts.append(struct.pack("<II", x << 17 | y << 2 | p << 1 | valid, t & 0x7FFFFFFF))
    path.write_bytes(b"".join(parts))
