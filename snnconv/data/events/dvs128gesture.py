"""`dvs128gesture:DIR[:train][?frames=16&by=count&size=128&values=counts]`: DVS128 Gesture as it was published.

Amir et al., "A low power, fully event-based gesture recognition system", CVPR 2017; CC BY 4.0. DIR is the folder
`DvsGesture` of the archive. A trial `userNN_LIGHT.aedat` holds one gesture after the other; `userNN_LIGHT_labels.csv`
says when each begins and ends.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import InputError
from ..identity import files_digest
from ..samples import DATA_SOURCES, Samples
from .aedat import packets_of, read_aedat
from .source import parse, recordings

SENSOR = 128
CLASSES = 11  # numbered from 1 in the files, from 0 here
COLUMNS = ("class", "startTime_usec", "endTime_usec")


class Gesture(NamedTuple):
    """A stretch of a trial: its file, its class from 0, and from when to when it goes, in µs."""

    path: Path
    label: int
    start: int
    stop: int


@DATA_SOURCES.register("dvs128gesture")
def open_dvs128gesture(argument: str) -> Samples:
    """Gestures, [2, frames, size, size], in the order of the trials; the test part unless `:train` follows.

    Raises:
        InputError: an unknown option, a file that is missing, labels that are none, or (from fetch) a broken recording.
    """
    place, part, framed = parse(argument)
    listing = Path(place) / f"trials_to_{part}.txt"
    trials = [listing.parent / name for line in lines_of(listing) if (name := line.strip())]
    missing = [trial for trial in trials if not trial.is_file()]
    if missing or not trials:
        raise InputError(
            "recordings of DVS128 Gesture are missing",
            expected="the trials that the list names, beside it",
            got=f"{len(missing)} of {len(trials)} are not there"
            + (f", the first {missing[0].name}" if missing else ""),
            where=str(listing),
        )
    gestures = [gesture for trial in trials for gesture in gestures_of(trial)]
    known: dict[Path, np.ndarray] = {}  # a trial has some ten thousand packets, which are looked for once

    def read(position: int) -> tuple[np.ndarray, str]:
        path, _, start, stop = gestures[position]
        if path not in known:
            known[path] = packets_of(path)
        return read_aedat(path, known[path], start, stop), f"{path}, {start} to {stop} µs"

    def identity(count: int) -> str:
        used = gestures[:count]
        return files_digest([gesture.path for gesture in used], [gesture[1:] for gesture in used])

    return recordings(read, [gesture.label for gesture in gestures], CLASSES, SENSOR, framed, identity)


def gestures_of(trial: Path) -> list[Gesture]:
    """What the labels beside a trial say.

    Raises:
        InputError: they cannot be read, or are not labels.
    """
    path = trial.with_name(f"{trial.stem}_labels.csv")
    lines = lines_of(path)
    try:
        rows = [[int(row[column]) for column in COLUMNS] for row in csv.DictReader(lines)]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(
            "these are not labels of gestures", expected=f"the columns {', '.join(COLUMNS)}, whole numbers",
            got=f"{type(error).__name__}: {error}", where=str(path),
        ) from error  # fmt: skip
    for label, start, stop in rows:
        if not (1 <= label <= CLASSES and start < stop):
            raise InputError(
                "a label makes no sense", expected=f"a class of 1…{CLASSES} that ends after it starts",
                got=f"class {label}, {start} to {stop} µs", where=str(path),
            )  # fmt: skip
    return [Gesture(trial, label - 1, start, stop) for label, start, stop in rows]


def lines_of(path: Path) -> list[str]:
    """The lines of a text file.

    Raises:
        InputError: it is not there, or is not text.
    """
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "cannot read a file of DVS128 Gesture", expected="the folder DvsGesture of the archive",
            got=getattr(error, "strerror", None) or str(error), where=str(path),
        ) from error  # fmt: skip
