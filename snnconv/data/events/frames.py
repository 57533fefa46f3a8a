"""From a recording, a list of events, to frames that a network takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError

# One event: column x, row y from the upper left corner, polarity p (1: brighter, "on"; 0: darker, "off"), time t in µs.
EVENT = np.dtype([("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("t", "<i8")])

MOST_NUMBERS = 2**26  # of one recording; 300 frames of DVS128 Gesture have 9.8 million


@dataclass(frozen=True)
class Framing:
    """How events become frames.

    Attributes:
        frames: how many a recording is cut into.
        by: "count", as many events in each; "time", as many microseconds in each.
        size: pixels along a side of a frame; it divides the sensor's, and the events of a block of pixels add up.
        values: "counts" of events, or "binary", 1 where there was any.
    """

    frames: int = 16
    by: str = "count"
    size: int = 128
    values: str = "counts"

    def __post_init__(self) -> None:
        numbers = 2 * self.frames * self.size**2
        if numbers > MOST_NUMBERS:
            raise InputError(
                "the event frames are too large",
                expected=f"2 × frames × size² of at most {MOST_NUMBERS:,}",
                got=f"2 × {self.frames} × {self.size}² = {numbers:,}",
                remedy="take fewer frames (frames=) or a smaller size (size=)",
            )


def to_frames(events: np.ndarray, where: str, sensor: int, framing: Framing) -> np.ndarray:
    """Events [N] of dtype `EVENT` → float32 [2, frames, size, size], first the off, then the on polarity.

    The cuts are those of SpikingJelly (Fang et al., Science Advances 2023), which SNN papers often use: of N events at
    t_0 … t_{N−1}, frame i of F begins by count at event i·⌊N/F⌋, by time at t_0 + i·⌊(t_{N−1} − t_0)/F⌋, and the last
    one takes what the division leaves. Values are the counts as they are, as there: nothing is divided by a maximum.

    Args:
        where: names the recording in errors.
        sensor: pixels along a side of the sensor.

    Raises:
        InputError: there are no events, or some that are not on the sensor.
    """
    check_events(events, where, sensor)
    if (np.diff(events["t"]) < 0).any():
        events = events[np.argsort(events["t"], kind="stable")]
    passed = events["t"] - events["t"][0] if framing.by == "time" else np.arange(len(events))
    whole = int(passed[-1]) if framing.by == "time" else len(events)
    number = np.minimum(passed // max(whole // framing.frames, 1), framing.frames - 1)
    size, block = framing.size, sensor // framing.size
    rows = (events["p"] * np.int64(framing.frames) + number) * size + events["y"] // block
    counts = np.bincount(rows * size + events["x"] // block, minlength=2 * framing.frames * size * size)
    frames = counts.reshape(2, framing.frames, size, size).astype(np.float32)
    return frames.clip(max=1) if framing.values == "binary" else frames


def check_events(events: np.ndarray, where: str, sensor: int) -> None:
    if not len(events):
        raise InputError("a recording holds no events", where=where)
    low = int(min(events["x"].min(), events["y"].min()))
    high = int(max(events["x"].max(), events["y"].max()))
    if low < 0 or high >= sensor or events["p"].max() > 1:
        raise InputError(
            "a recording holds events that its sensor cannot give",
            expected=f"x and y in 0…{sensor - 1}, polarity 0 or 1",
            got=f"x and y in {low}…{high}, polarity up to {events['p'].max()}",
            where=where,
        )
