"""Outputs appear whole or not at all: write beside the target, then rename."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError


@contextmanager
def atomic_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a path to write to; on a clean exit what was written there becomes `path`, on an exception it is removed.

    The temporary file lies in the target's own folder, because only a rename within one file system is atomic, and
    keeps the target's suffixes, because some writers choose the format by them.

    Raises:
        InputError: `path` exists and `overwrite` is false, is a folder, or its folder is missing or not writable.
    """
    target = Path(path)
    check_output(target, overwrite)
    temporary = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    try:
        # Creating it now shows an unwritable folder before a long run, not after it.
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise InputError("cannot write the output", got=_reason(error), where=str(target)) from error
    try:
        yield temporary
        if target.exists() and not overwrite:  # someone else wrote it while we worked
            check_output(target, overwrite)
        _replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def check_output(target: Path, overwrite: bool) -> None:
    """Raise when `target` cannot become an output: before work that takes long.

    Raises:
        InputError: it exists and `overwrite` is false, is a folder, or its folder is missing or not writable.
    """
    try:
        if target.is_dir():
            raise InputError("the output is a folder", expected="a file name", where=str(target))
        if target.exists() and not overwrite:
            raise InputError("the output exists", where=str(target), remedy="choose another name, or pass --overwrite")
        if not target.parent.is_dir():
            raise InputError("the folder of the output does not exist", where=str(target.parent), remedy="create it")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise InputError("cannot write the output", got="no permission", where=str(target))
    except OSError as error:
        raise InputError("cannot write the output", got=_reason(error), where=str(target)) from error


def _replace(temporary: Path, target: Path) -> None:
    try:
        os.replace(temporary, target)
    except FileNotFoundError as error:
        raise InputError("nothing was written to the output", where=str(target)) from error
    except OSError as error:
        raise InputError("cannot write the output", got=_reason(error), where=str(target)) from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
