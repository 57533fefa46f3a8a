"""What a sweep has found out so far, kept line by line so that a killed run loses at most the batch it was at.

A journal is a file of lines (`lines.py`): a header with the configuration, then one line per finished batch and per
finished conversion. Batches give counts, and what each sample says; results are of all samples in their order: a
resumed run or several processes cannot change a digit. Each process writes its own file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..cost.synops import Size
from ..documents import Count, Positive, typed
from ..errors import InputError
from ..measure.lines import Writer, open_lines, read_lines

KIND = "sweep"


@dataclass(frozen=True)
class Converted:
    """What a conversion leaves for the results, so that a finished setting need not be converted again.

    Attributes:
        setting: name of the simulation: the setting's, with the T that it was set up for where that matters.
        notices: of the conversion.
        normalization: of the data that the network saw.
    """

    setting: str
    settings: dict[str, Any]
    notices: list[str]
    normalization: dict[str, Any] | None


@dataclass(frozen=True)
class Wired:
    """What a network is at one size of its inputs.

    Attributes:
        setting: as in `Converted`.
        size: shape of one sample, for each input.
        notices: of its wiring, and operations that are not counted.
        wiring: what it is wired of, without fan-outs.
        baselines: {network without time: {"ops" per sample, "energy" in pJ}}.
    """

    setting: str
    size: list[list[int]]
    notices: list[str]
    wiring: dict[str, Any]
    baselines: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Counted:
    """One batch under one setting.

    Attributes:
        setting: as in `Converted`.
        batch: its place in the data.
        size: of its samples, as in `Wired`; empty where it has none.
        outcomes: what each sample says after each number of time steps, as the metric has it: a number or several.
        operations: [source, layer, synaptic operations in every step, those of the warm-up first].
        events: {source: what it fired in every step, likewise}.
        baselines: {network without time: what each sample says}; empty but for one or two settings.
        views: of each sample; operations and events are of all of them.
    """

    setting: str
    batch: Count
    size: list[list[int]]
    samples: Count
    outcomes: list[list[Any]]
    operations: list[list[Any]]
    events: dict[str, list[Count]]
    baselines: dict[str, list[Any]]
    views: Positive = 1


@dataclass(frozen=True)
class Ended:
    """The data came to an end after so many batches."""

    batches: Count


Record = Converted | Wired | Counted | Ended
KINDS: dict[str, type[Record]] = {"converted": Converted, "wired": Wired, "counted": Counted, "ended": Ended}


@dataclass
class Journal:
    """The records of a sweep, and the file that new ones are added to.

    Attributes:
        path: None keeps them in memory alone.
        batches: how many the data hold, once that is known.
    """

    configuration: dict[str, Any]
    path: Path | None = None
    converted: dict[str, Converted] = field(default_factory=dict)
    wired: dict[tuple[str, Size], Wired] = field(default_factory=dict)
    counted: dict[tuple[str, int], Counted] = field(default_factory=dict)
    batches: int | None = None
    _file: Writer | None = None
    _waiting: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configuration = json.loads(json.dumps(self.configuration))  # as it will be read back

    def records(self) -> list[Record]:
        ended = [] if self.batches is None else [Ended(self.batches)]
        return [*self.converted.values(), *self.wired.values(), *self.counted.values(), *ended]

    def take(self, records: Iterable[Record]) -> None:
        """Keep records in memory; of equal ones the first."""
        for record in records:
            match record:
                case Converted():
                    self.converted.setdefault(record.setting, record)
                case Wired():
                    self.wired.setdefault((record.setting, size_of(record.size)), record)
                case Counted():
                    self.counted.setdefault((record.setting, record.batch), record)
                case Ended():
                    self.batches = record.batches

    def add(self, record: Record) -> None:
        """Keep a record, in the file too. A file begins with its first batch: bad input leaves none behind."""
        if isinstance(record, (Converted, Wired)):
            record = type(record)(**json.loads(json.dumps(asdict(record))))  # as it will be read back
        self.take([record])
        self._waiting.append(record)
        if self.path is None or (self._file is None and not isinstance(record, Counted)):
            return
        if self._file is None:
            self._file = open_lines(self.path, KIND, self.configuration)
        names = {kind: name for name, kind in KINDS.items()}
        for waiting in self._waiting:
            self._file.add({names[type(waiting)]: asdict(waiting)})
        self._waiting.clear()
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def journal_path(folder: Path, process: int) -> Path:
    """`sweep.jsonl`, and one more for every further process."""
    return folder / (f"sweep.{process}.jsonl" if process else "sweep.jsonl")


def journals_in(folder: Path) -> list[Path]:
    others = sorted(folder.glob("sweep.*.jsonl"))
    return [path for path in (journal_path(folder, 0), *others) if path.exists()]


def open_journal(
    folder: Path | None, configuration: dict[str, Any], process: int = 0, *, fresh: bool = False
) -> Journal:
    """The journal in a folder with what its files hold, whatever number of processes wrote them.

    Args:
        process: whose file is added to.
        fresh: the folder was cleared; results that are still there will be replaced.

    Raises:
        InputError: the folder holds a sweep of another configuration, or one without a journal.
    """
    if folder is None:
        return Journal(configuration)
    journal = Journal(configuration, journal_path(folder, process))
    paths = journals_in(folder)
    if not paths and not fresh and (folder / "sweep.json").exists():
        raise InputError(
            "the folder holds a sweep without its journal: it cannot be continued",
            where=str(folder),
            remedy="choose another with -o, or pass --overwrite to start afresh",
        )
    for path in paths:
        journal.take(filter(None, map(record_of, read_lines(path, KIND, journal.configuration))))
    # Where the line of a conversion or of its size was lost, its batches have to be counted again.
    journal.counted = {key: counted for key, counted in journal.counted.items() if is_known(journal, counted)}
    return journal


def is_known(journal: Journal, counted: Counted) -> bool:
    """Whether the network that a batch was counted with is known, at the size of its samples."""
    at = (counted.setting, size_of(counted.size))
    return counted.setting in journal.converted and (not counted.samples or at in journal.wired)


def size_of(shapes: list[list[int]]) -> Size:
    """As a key."""
    return tuple(tuple(shape) for shape in shapes)


def clear(folder: Path) -> None:
    """Start afresh: no journal is left."""
    for path in journals_in(folder):
        path.unlink()


def record_of(line: Mapping[str, Any]) -> Record | None:
    """The record in a line, or None where it is none."""
    for name, kind in KINDS.items():
        if name in line:
            with suppress(InputError):
                return typed(line[name], kind, name, "the line of a journal")
            return None
    return None
