"""`events:FILE.npz[:train][?frames=16&by=count&size=…&values=counts]`: recordings in one NumPy file.

Keys: `events`, one recording after the other, structured with fields x, y, p (0 or 1) and t (µs); `offsets` [N + 1],
where each begins and the last one ends; `y` [N], its class; `is_test` [N], whether it belongs to the test part.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from ...fingerprint import digest
from ..arrays import LARGEST_LABEL
from ..npz import read_arrays
from ..samples import DATA_SOURCES, Samples
from .frames import EVENT
from .source import parse, recordings

LARGEST_SENSOR = 4096  # pixels along a side; the largest that are sold have 1280
LAST = 2**60  # µs
KEYS = ("events", "offsets", "y", "is_test")


@DATA_SOURCES.register("events")
def open_events(argument: str) -> Samples:
    """The recordings of a file, [2, frames, size, size], in its order; its test part unless `:train` follows.

    The sensor is a square that reaches to the farthest event of the whole file.

    Raises:
        InputError: an unknown option, no such file, arrays that do not fit, or no recordings of that part.
    """
    place, part, framed = parse(argument)
    events, offsets, y, is_test = read_arrays(Path(place), KEYS).values()
    check(events, offsets, y, is_test, place)
    chosen = np.flatnonzero(is_test if part == "test" else ~is_test)
    if not len(chosen):
        raise InputError(f"the file holds no {part} recordings", got=f"{len(y)} of the other part", where=place)

    def read(position: int) -> tuple[np.ndarray, str]:
        number = chosen[position]
        found = events[offsets[number] : offsets[number + 1]]
        recording = np.empty(len(found), EVENT)
        for name in EVENT.names or ():
            recording[name] = found[name]
        return recording, f"{place}, recording {number}"

    sensor = int(max(events["x"].max(), events["y"].max())) + 1

    def identity(count: int) -> str:
        return digest([(read(position)[0], y[chosen[position]]) for position in range(count)])

    return recordings(read, [int(label) for label in y[chosen]], int(y.max()) + 1, sensor, framed, identity)


def check(events: np.ndarray, offsets: np.ndarray, y: np.ndarray, is_test: np.ndarray, where: str) -> None:
    """Refuse arrays that are not recordings.

    Raises:
        InputError: the first thing that is wrong.
    """
    problems = {
        f"events without the fields {', '.join(EVENT.names or ())} of whole numbers": not is_events(events),
        "labels that are not whole numbers from 0 to 2³¹ in one row": not is_labels(y),
        "is_test that is not one truth value per label": is_test.dtype != bool or is_test.shape != y.shape,
        "offsets that are not whole numbers, one more than labels": offsets.shape != (len(y) + 1,)
        or offsets.dtype.kind not in "iu",
    }
    found = next((problem for problem, there in problems.items() if there), None) or out_of_range(events)
    if found is None and (offsets[0] != 0 or offsets[-1] != len(events) or (np.diff(offsets.astype(int)) <= 0).any()):
        found = "offsets that do not rise from 0 to the number of events"
    if found is not None:
        shown = {"events": events, "offsets": offsets, "y": y, "is_test": is_test}
        raise InputError(
            f"the file of events has {found}",
            expected="events (x, y, p, t), offsets [N + 1], y [N], is_test [N]",
            got=", ".join(f"{name} {array.dtype} {list(array.shape)}" for name, array in shown.items()),
            where=where,
        )


def out_of_range(events: np.ndarray) -> str | None:
    """Which of the numbers are none of a sensor."""
    for name, most in (("x", LARGEST_SENSOR - 1), ("y", LARGEST_SENSOR - 1), ("p", 1), ("t", LAST)):
        values = events[name]
        if len(values) and (int(values.min()) < 0 or int(values.max()) > most):
            return f"{name} out of range: {int(values.min())} to {int(values.max())}, where 0 to {most} belongs"
    return None


def is_labels(y: np.ndarray) -> bool:
    return y.ndim == 1 and y.dtype.kind in "iu" and bool((y >= 0).all() and (y <= LARGEST_LABEL).all())


def is_events(events: np.ndarray) -> bool:
    fields = events.dtype.fields or {}
    return events.ndim == 1 and all(name in fields and events.dtype[name].kind in "iu" for name in EVENT.names or ())
