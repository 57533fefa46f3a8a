"""Files below a folder, following links: each folder once, so that links which lead back or fan out end."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from ..errors import InputError


def files_below(folder: str | Path, suffixes: Collection[str]) -> list[str]:
    """Files with one of these suffixes (lower case, with the dot), folder by folder in the order of their names."""
    return [path for path in walk(os.fspath(folder), set()) if os.path.splitext(path)[1].lower() in suffixes]


def walk(folder: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Files, first those of the folder itself; `seen` holds the folders that were entered."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            found = os.stat(place)
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:  # as `os.walk`
            continue
        yield from (entry.path for entry in entries if not is_folder(entry))
        waiting.extend(entry.path for entry in reversed(entries) if is_folder(entry))


def is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def require_file(path: str | Path, what: str) -> None:
    """A pipe would be waited for, and a device read without end.

    Raises:
        InputError: it is not a regular file.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise InputError(f"{what} cannot be read", got=error.strerror, where=str(path)) from error
    except ValueError as error:  # a NUL in its name
        raise InputError(f"{what} cannot be read", got=str(error), where=str(path)) from error
    if not stat.S_ISREG(mode):
        raise InputError(f"{what} is not a file", expected="a regular file", got=stat.filemode(mode), where=str(path))
