"""Outputs appear whole or not at all: write beside the target, then rename. Nothing here writes a file by another way.

The journals (`measure/lines.py`), which grow line by line, are the exception.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..errors import InputError
from .leftovers import temporary_beside
from .places import check_output, reason_of

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_writing: set[Path] = set()  # temporaries of this process


@contextmanager
def atomic_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a path to write to; on a clean exit what was written there becomes `path`, on an exception it is removed.

    The temporary file lies in the target's own folder, because only a rename within one file system is atomic, and
    keeps the target's last suffix, because some writers choose the format by it. A link is followed, and stays; a file
    that is replaced keeps its mode. Given such a temporary file, which is part of an output already, yield it as it is.

    Raises:
        InputError: what `check_output` refuses, or the disk is full.
    """
    given = Path(path)
    if given in _writing:
        yield given
        return
    target = check_output(given, overwrite)
    with room_for(given), temporary_beside(target) as temporary:
        _writing.add(temporary)
        try:
            yield temporary
            check_output(given, overwrite)  # somebody else may have written it meanwhile
            put(temporary, target, given)
        finally:
            _writing.discard(temporary)


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """A full disk in words."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise InputError(
            "cannot write the output", got=reason_of(error), where=str(path),
            remedy="make room, and give the same command again",
        ) from error  # fmt: skip


def put(temporary: Path, target: Path, given: Path) -> None:
    """What was written takes the target's place, once it is on the disk."""
    try:
        if target.exists():
            before = target.stat()
            with suppress(PermissionError, AttributeError):  # of others, or of a system without owners
                os.chown(temporary, before.st_uid, before.st_gid)
            temporary.chmod(stat.S_IMODE(before.st_mode))
        flush_to_disk(temporary)
        os.replace(temporary, target)
    except FileNotFoundError as error:
        raise InputError("nothing was written to the output", where=str(given)) from error
    except OSError as error:
        if error.errno in FULL:
            raise
        raise InputError("cannot write the output", got=reason_of(error), where=str(given)) from error
    with suppress(OSError):  # not every system can do this with a folder
        flush_to_disk(target.parent)


def flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: str | os.PathLike[str], data: bytes, *, overwrite: bool = True) -> None:
    """Raises: InputError, as `atomic_output`."""
    with atomic_output(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str, *, overwrite: bool = True) -> None:
    """In UTF-8 whatever the locale, with the ends of lines as they are.

    Names of files that are not text, which Python keeps as half characters, are spelled out.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"), overwrite=overwrite)


@contextmanager
def binary_output(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """An open file to write to, for torch's archives.

    Raises: InputError, as `atomic_output`.
    """
    with atomic_output(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        patient = Patient(file)
        yield patient  # type: ignore[misc]  # it can only be written
        if patient.error is not None:
            raise patient.error


class Patient(io.RawIOBase):
    """Takes everything, and keeps the first error for later: torch aborts where it cannot end an archive."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """torch goes back to the start when it is done."""
        return offset

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                self.file.write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes
