"""What a sweep has found out so far, kept line by line so that a killed run loses at most the batch it was at.

A journal is a file of JSON lines: a header with the configuration, then one line per finished batch and per finished
conversion. Batches give whole numbers only, and results are sums of them: the order and grouping of batches, a resumed
run or several processes cannot change a digit. A line that was cut off is dropped. Each process writes its own file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from ..errors import InputError

FORMAT = 1
MOST_DIFFERENCES = 12  # more would hide the message they belong to


@dataclass(frozen=True)
class Converted:
    """What a conversion leaves for the results, so that a finished setting need not be converted again.

    Attributes:
        setting: name of the simulation: the setting's, with the T that it was set up for where that matters.
        notices: of the conversion, and operations that are not counted.
        normalization: of the data that the network saw.
        wiring: what it is wired of, without fan-outs.
        rivals: {network without time: {"ops" per sample, "energy" in pJ}}.
    """

    setting: str
    settings: dict[str, Any]
    notices: list[str]
    normalization: dict[str, Any] | None
    wiring: dict[str, Any]
    rivals: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Counted:
    """One batch under one setting.

    Attributes:
        setting: as in `Converted`.
        batch: its place in the data.
        correct: how many are classified correctly after each number of time steps of the simulation.
        operations: [source, layer, synaptic operations in every step, those of the warm-up first].
        events: {source: what it fired in every step, likewise}.
        rivals: {network without time: how many it classifies correctly}; empty but for one or two settings.
        views: of each sample; operations and events are of all of them.
    """

    setting: str
    batch: int
    samples: int
    correct: list[int]
    operations: list[list[Any]]
    events: dict[str, list[int]]
    rivals: dict[str, int]
    views: int = 1


@dataclass(frozen=True)
class Ended:
    """The data came to an end after so many batches."""

    batches: int


Record = Converted | Counted | Ended
KINDS: dict[str, type[Record]] = {"converted": Converted, "counted": Counted, "ended": Ended}


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
    counted: dict[tuple[str, int], Counted] = field(default_factory=dict)
    batches: int | None = None
    _file: IO[str] | None = None
    _waiting: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configuration = json.loads(json.dumps(self.configuration))  # as it will be read back

    def records(self) -> list[Record]:
        ended = [] if self.batches is None else [Ended(self.batches)]
        return [*self.converted.values(), *self.counted.values(), *ended]

    def take(self, records: Iterable[Record]) -> None:
        """Keep records in memory; of equal ones the first."""
        for record in records:
            match record:
                case Converted():
                    self.converted.setdefault(record.setting, record)
                case Counted():
                    self.counted.setdefault((record.setting, record.batch), record)
                case Ended():
                    self.batches = record.batches

    def add(self, record: Record) -> None:
        """Keep a record, in the file too. A file begins with its first batch: bad input leaves none behind."""
        if isinstance(record, Converted):
            record = Converted(**json.loads(json.dumps(asdict(record))))  # as it will be read back
        self.take([record])
        self._waiting.append(record)
        if self.path is None or (self._file is None and not isinstance(record, Counted)):
            return
        if self._file is None:
            self._file = open_lines(self.path, "sweep", self.configuration)
        names = {kind: name for name, kind in KINDS.items()}
        for waiting in self._waiting:
            write_line(self._file, {names[type(waiting)]: asdict(waiting)})
        self._waiting.clear()
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def open_lines(path: Path, kind: str, configuration: dict[str, Any]) -> IO[str]:
    """The file, ready to add whole lines to: one that was cut off is cut away; a new file gets its header.

    Raises:
        InputError: another run is writing to it, or it cannot be written.
    """
    file = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        lock(file)
        end = path.read_bytes().rfind(b"\n") + 1
        file.truncate(end)
    except BlockingIOError as error:
        if file is not None:
            file.close()
        raise InputError(f"another run of the same {kind} is writing into this folder", where=str(path)) from error
    except OSError as error:
        raise InputError("cannot write the journal", got=error.strerror, where=str(path)) from error
    if not end:
        write_line(file, {"snnconv": kind, "format": FORMAT, "configuration": configuration})
    return file


def write_line(file: IO[str], line: dict[str, Any]) -> None:
    file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def lock(file: IO[str]) -> None:
    """Until it is closed, or its process gone, nobody else can lock the file.

    Raises:
        BlockingIOError: somebody has.
    """
    with suppress(ImportError):  # where there is none, two runs at once are the user's care
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


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
        lines = list(read_lines(path))
        require_same(lines[0] if lines else None, journal.configuration, path)
        journal.take(filter(None, map(record_of, lines[1:])))
    # Where the line of a conversion was lost, its batches have to be counted again.
    journal.counted = {key: counted for key, counted in journal.counted.items() if counted.setting in journal.converted}
    return journal


def clear(folder: Path) -> None:
    """Start afresh: no journal is left."""
    for path in journals_in(folder):
        path.unlink()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; what was cut off or damaged is passed over."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError("cannot read the journal", got=error.strerror, where=str(path)) from error
    for line in text.split(b"\n")[:-1]:  # the last one has no end: it was cut off, or is empty
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


def record_of(line: Mapping[str, Any]) -> Record | None:
    """The record in a line, or None where it is none."""
    for name, kind in KINDS.items():
        if name in line:
            try:
                return kind(**line[name])
            except TypeError:
                return None
    return None


def require_same(
    header: Mapping[str, Any] | None, configuration: dict[str, Any], path: Path, kind: str = "sweep"
) -> None:
    """Refuse to mix two configurations in one folder.

    Args:
        kind: of what the folder holds, in the message.

    Raises:
        InputError: the journal has another configuration, format, or no header; the message lists what differs.
    """
    if header is None:
        return
    if header.get("format") != FORMAT or "configuration" not in header:
        raise InputError(
            "this journal cannot be continued",
            expected=f"a header of format {FORMAT}",
            got=f"format {header.get('format')}" if "format" in header else "no header",
            where=str(path),
            remedy="choose another folder with -o, or pass --overwrite to start afresh",
        )
    changed = differences(header["configuration"], configuration)
    if changed:
        more = [f"and {len(changed) - MOST_DIFFERENCES} more"] if len(changed) > MOST_DIFFERENCES else []
        raise InputError(
            f"the folder holds a {kind} of another configuration",
            got="; ".join([*changed[:MOST_DIFFERENCES], *more]),
            where=str(path.parent),
            remedy="choose another with -o, or pass --overwrite to start afresh",
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """What changed from one configuration to another: `T: [1] → [1, 2]`, `settings.if: dropped`."""
    found: list[str] = []
    for key in [*before, *(key for key in now if key not in before)]:
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found.extend(differences(old, new, f"{path}{key}."))
        elif isinstance(old, dict) or isinstance(new, dict):
            found.append(f"{path}{key}: {'dropped' if new is None else 'added' if old is None else 'other'}")
        elif old != new:
            found.append(f"{path}{key}: {shown(old)} → {shown(new)}")
    return found


def shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
