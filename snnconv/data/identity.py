"""What makes samples in files the same ones again: their bytes, or of very many their sizes and times."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..fingerprint import digest

READ = 1 << 30  # bytes of files that are read to know them again: seconds; of more, sizes and times are enough
THREADS = 8


def files_digest(paths: Sequence[str | Path], *more: Any) -> str:
    """Of the files, in this order.

    Up to 1 GiB together by their bytes: a copy counts as the same, and no change is missed. Beyond, by name, size and
    time of modification. A file that cannot be read is a value of its own.

    Args:
        more: what belongs to them, as their labels.
    """
    places = [os.fspath(path) for path in paths]
    found = {place: status(place) for place in places}
    if sum(size for size, _ in found.values()) > READ:
        return digest([(os.path.basename(place), *found[place]) for place in places], *more)
    with ThreadPoolExecutor(THREADS) as pool:  # hashing releases the interpreter's lock
        known = dict(zip(found, pool.map(file_digest, found)))
    return digest([known[place] for place in places], *more)


def status(place: str) -> tuple[int, int]:
    """Size in bytes, and when it was changed, in ns; (0, 0) where there is none."""
    try:
        found = os.stat(place)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def file_digest(place: str) -> str:
    """SHA-256 of its bytes; why it cannot be read, where it cannot."""
    try:
        if not os.path.isfile(place):
            return "unreadable: no file"
        with open(place, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.errno}"
