"""Files of JSON lines, added one by one, of which a kill costs at most the last.

The first line is a header with the configuration. Every line ends with a check, a digest of the header and of what
stands before the check. So a damaged line, and one from a journal of another configuration, is known for what it is:
it is named, and what it held is measured again. A last line that was cut off is dropped without a word.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..documents import parse_json, shorten, typed
from ..errors import InputError
from ..files.leftovers import has_lock
from ..files.places import check_output
from .configurations import require_same

FORMAT = 2  # 1 had no checks
CHECKED = re.compile(rb'(?s)(\{.*),"check":"([0-9a-f]{16})"\}')
NAMED = 20  # damaged lines; of more the number says enough
AFRESH = "choose another folder with -o, or pass --overwrite to start afresh"
log = logging.getLogger("snnconv")


@dataclass(frozen=True)
class Line:
    """One line of a file.

    Attributes:
        number: from 1. start, end: its bytes, without the end of the line.
        document: what it holds; None: it is damaged.
    """

    number: int
    start: int
    end: int
    document: dict[str, Any] | None


@dataclass(frozen=True)
class Header:
    """The first line, besides its check."""

    configuration: dict[str, Any]


@dataclass
class Writer:
    """Adds lines to a file, which is locked until it is closed.

    Args:
        kind: of the run. header: the file's first line.
    """

    path: Path
    kind: str
    file: IO[bytes]
    header: bytes

    def add(self, document: Mapping[str, Any]) -> None:
        """Raises: InputError: the disk is full. What was cut off is dropped by the next run."""
        with writable(self.path, self.kind):
            self.file.write(sealed(document, self.header) + b"\n")

    def flush(self) -> None:
        """Raises: InputError: as `add`."""
        with writable(self.path, self.kind):
            self.file.flush()

    def close(self) -> None:
        with suppress(OSError):  # of a line that `flush` has failed at, and said so
            self.file.close()


def read_lines(path: Path, kind: str, configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the sound lines after the header hold; a notice names the damaged ones.

    Args:
        kind: of the run, as the header says it.

    Raises:
        InputError: the file cannot be read, its header is damaged or of another version, or says another configuration.
    """
    found = lines_of(path, contents(path), kind, configuration)
    damaged = [line.number for line in found if line.document is None]
    if damaged:
        shown = ", ".join(map(str, damaged[:NAMED])) + (f" and {len(damaged) - NAMED} more" * (len(damaged) > NAMED))
        log.warning(f"{path}: damaged lines ({shown}) are left out; what they held is measured again")
    return [line.document for line in found if line.document is not None]


def open_lines(path: Path, kind: str, configuration: Mapping[str, Any]) -> Writer:
    """The file, ready to add lines to: a new one gets its header, what was cut off or damaged is taken out.

    Raises:
        InputError: another run is writing to it, it cannot be written, or as `read_lines`.
    """
    with writable(path, kind), ExitStack() as closing:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_output(path, overwrite=True)
        file = closing.enter_context(path.open("ab"))
        if not has_lock(file.fileno(), without=True):
            raise BlockingIOError
        data = contents(path)
        found = lines_of(path, data, kind, configuration)
        blank(path, [line for line in found if line.document is None])
        file.truncate(data.rfind(b"\n") + 1)
        header, newline, _ = data.partition(b"\n")
        if not newline:
            header = sealed({"snnconv": kind, "format": FORMAT, "configuration": configuration})
            file.write(header + b"\n")
            file.flush()
        closing.pop_all()  # it stays open
    return Writer(path, kind, file, header)


@contextmanager
def writable(path: Path, kind: str) -> Iterator[None]:
    """The system's errors in words."""
    try:
        yield
    except BlockingIOError as error:
        raise InputError(f"another run of the same {kind} is writing into this folder", where=str(path)) from error
    except OSError as error:
        raise InputError(
            "cannot write the journal", got=error.strerror, where=str(path),
            remedy="what it holds is kept: the same command again continues",
        ) from error  # fmt: skip


def lines_of(path: Path, data: bytes, kind: str, configuration: Mapping[str, Any]) -> list[Line]:
    """The lines after the header, but empty ones and what was cut off.

    Raises:
        InputError: the header is none, is damaged or of another version, or says another configuration.
    """
    first, newline, _ = data.partition(b"\n")
    if not newline:
        require_beginning(first, kind, path)
        return []
    require_same(header_of(first, kind, path), configuration, kind, path)
    found, start = [], len(first) + 1
    for number, text in enumerate(data[start:].split(b"\n")[:-1], 2):
        if text.strip(b" "):
            found.append(Line(number, start, start + len(text), opened(text, first)))
        start += len(text) + 1
    return found


def header_of(line: bytes, kind: str, path: Path) -> dict[str, Any]:
    """The configuration in the first line.

    Raises:
        InputError: it is not a header of this kind and format, or damaged.
    """
    header = opened(line)
    if header is not None and header.get("snnconv") == kind and header.get("format") == FORMAT:
        return typed(header, Header, str(path), "the first line of the journal", AFRESH).configuration
    try:
        told = parse_json(line, str(path))
        told = told.get("format") if isinstance(told, dict) else None
    except InputError:
        told = None
    other = told is not None and told != FORMAT
    raise InputError(
        "this journal was written by another version of snnconv" if other else "the first line of a journal is damaged",
        expected=f"the header of a {kind}, format {FORMAT}",
        got=f"format {shorten(told)}" if other else "a line whose check does not fit",
        where=str(path),
        remedy=AFRESH,
    )


def require_beginning(part: bytes, kind: str, path: Path) -> None:
    """A header that was cut off holds nothing of worth; anything else than its beginning is not ours to write over.

    Raises:
        InputError: it is something else.
    """
    usual = f'{{"snnconv":"{kind}","format":'.encode()
    if not (usual.startswith(part) or part.startswith(usual)):
        raise InputError(
            "this file is not a journal", expected=f"the header of a {kind}", got=repr(part[:40]), where=str(path),
            remedy=AFRESH,
        )  # fmt: skip


def sealed(document: Mapping[str, Any], header: bytes = b"") -> bytes:
    """The line of a document, without the end of the line.

    Args:
        header: the first line of the file; none for that line itself.
    """
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")[:-1]
    return body + b',"check":"' + check_of(body, header) + b'"}'


def opened(line: bytes, header: bytes = b"") -> dict[str, Any] | None:
    """The document of a line; None where the check does not fit, or it is not an object."""
    parts = CHECKED.fullmatch(line)
    if parts is None or check_of(parts[1], header) != parts[2]:
        return None
    try:
        document = parse_json(parts[1] + b"}", "the line")
    except InputError:
        return None
    return document if isinstance(document, dict) else None


def check_of(body: bytes, header: bytes) -> bytes:
    return hashlib.sha256(b"%d:%b%b" % (len(header), header, body)).hexdigest()[:16].encode()


def contents(path: Path) -> bytes:
    check_output(path, overwrite=True)  # of a pipe there would be no end
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("cannot read the journal", got=error.strerror, where=str(path)) from error


def blank(path: Path, damaged: list[Line]) -> None:
    """Write spaces over damaged lines, which were named: the next run need not name them again."""
    if damaged:
        with path.open("r+b") as file:
            for line in damaged:
                file.seek(line.start)
                file.write(b" " * (line.end - line.start))
