"""Files of a run that are gone when it ends: temporaries, and the lock of a folder.

Each is locked by its process as long as that lives. What a killed process leaves has no lock, and the next run that
writes into the folder takes it away.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError

PREFIX = ".snnconv-"
LONGEST_SUFFIX = 16  # a longer one means no format, and with it a name could become too long
NO_LINKS, AT_ONCE = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)  # not every system has them
LOOKS, PAUSE = 4, 0.05  # a lock is looked at so often, s apart: who only takes leftovers away holds it for a moment


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An empty file in the same folder, with the target's last suffix; it is gone at the end, unless it was renamed.

    Making it shows a folder that cannot be written before a long run, not after it.

    Raises:
        InputError: it cannot be made.
    """
    clear_leftovers(target.parent)
    suffix = target.suffix if len(os.fsencode(target.suffix)) <= LONGEST_SUFFIX else ""
    path, handle = target, -1
    try:
        while handle < 0:
            path = target.with_name(f"{PREFIX}{secrets.token_hex(4)}{suffix}")
            handle = opened_alone(path, os.O_EXCL)
    except OSError as error:
        raise InputError("cannot write the output", got=error.strerror, where=str(target)) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def alone_in(folder: Path, name: str) -> Iterator[None]:
    """No second run of this name writes into the folder meanwhile. It is made, and is gone again if it stays empty.

    Raises:
        InputError: there is another such run, or the folder cannot be made or written.
    """
    path = folder / f"{PREFIX}{name}.lock"
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        looks = 0
        while (handle := opened_alone(path)) < 0:
            looks += 1
            if looks == LOOKS:
                raise InputError(
                    f"another run of the same {name} is writing into this folder", where=str(folder),
                    remedy="wait for its end, or choose another folder",
                )  # fmt: skip
            time.sleep(PAUSE)
    except OSError as error:
        raise InputError("cannot write into the output folder", got=error.strerror, where=str(folder)) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)
        with suppress(OSError):  # there are results in it
            for place in missing:
                place.rmdir()


def clear_leftovers(folder: Path) -> None:
    """Take away what runs that were killed left in a folder."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDWR | NO_LINKS | AT_ONCE)
            try:
                if stat.S_ISREG(os.fstat(handle).st_mode) and has_lock(handle):
                    path.unlink(missing_ok=True)
            finally:
                os.close(handle)


def opened_alone(path: Path, flags: int = 0) -> int:
    """A descriptor of the file, made where it is missing, which is locked until it is closed; −1: somebody has it.

    Raises:
        OSError: it cannot be made.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | NO_LINKS | flags, 0o666)
    with suppress(OSError):  # taken away between the two steps
        if has_lock(handle, without=True) and os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    os.close(handle)
    return -1


def has_lock(handle: int, *, without: bool = False) -> bool:
    """Whether this process has the lock of an open file now.

    Args:
        without: what to say where files cannot be locked; there two runs at once are the user's care.
    """
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return without
    return True
