"""Frames of events against a count of one event at a time."""

from __future__ import annotations

import numpy as np
import pytest

from snnconv.data.events import Framing, to_frames
from snnconv.errors import InputError

from .made import counted, made


@pytest.mark.parametrize("by", ["count", "time"])
@pytest.mark.parametrize(("frames", "size"), [(1, 12), (7, 12), (16, 4), (5, 1)])
def test_against_one_event_at_a_time(by: str, frames: int, size: int) -> None:
    events = made(523, 12)
    found = to_frames(events, "here", 12, Framing(frames, by, size))
    assert (found.dtype, found.shape) == (np.float32, (2, frames, size, size))
    assert np.array_equal(found, counted(events, frames, by, size, 12 // size))
    assert found.sum() == 523
    assert found.max() > 1


@pytest.mark.parametrize("framing", [{"frames": 5_000_000}, {"frames": 10_000, "size": 64}])
def test_frames_that_would_take_gigabytes(framing: dict[str, int]) -> None:
    with pytest.raises(InputError, match="the event frames are too large"):
        Framing(**framing)


def test_binary_values() -> None:
    events = made(500, 8)
    counts = to_frames(events, "here", 8, Framing(4, size=8))
    assert np.array_equal(to_frames(events, "here", 8, Framing(4, size=8, values="binary")), counts > 0)


def test_equal_parts() -> None:
    """100 events a millisecond apart, then 100 a microsecond apart: halves of the events, or of the time."""
    events = made(200, 4)
    events["t"] = np.concatenate([np.arange(100) * 1000, 99_000 + np.arange(100)])
    assert to_frames(events, "here", 4, Framing(2, "count", 4)).sum((0, 2, 3)).tolist() == [100, 100]
    assert to_frames(events, "here", 4, Framing(2, "time", 4)).sum((0, 2, 3)).tolist() == [50, 150]


def test_order_in_the_file_does_not_matter() -> None:
    events = made(300, 6)
    events["t"] = np.arange(300) * 5
    mixed = events[np.random.default_rng(1).permutation(300)]
    for by in ("count", "time"):
        framing = Framing(4, by, 6)
        assert np.array_equal(to_frames(mixed, "here", 6, framing), to_frames(events, "here", 6, framing))


@pytest.mark.parametrize("by", ["count", "time"])
def test_fewer_events_than_frames(by: str) -> None:
    events = made(3, 4)
    events["t"] = [7, 8, 9]
    found = to_frames(events, "here", 4, Framing(16, by, 4))
    assert found.sum((0, 2, 3)).tolist() == [1, 1, 1] + [0] * 13


@pytest.mark.parametrize(("field", "value"), [("x", 8), ("y", 200), ("x", -1), ("p", 2)])
def test_events_that_no_sensor_gives(field: str, value: int) -> None:
    events = made(10, 8)
    events[field][3] = value
    with pytest.raises(InputError, match=r"its sensor cannot give(.|\n)*0…7(.|\n)*where: here"):
        to_frames(events, "here", 8, Framing(2, size=8))


def test_no_events() -> None:
    with pytest.raises(InputError, match=r"holds no events(.|\n)*where: here"):
        to_frames(made(0, 8), "here", 8, Framing())
