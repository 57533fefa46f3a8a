"""What commands share in what they print and write: one JSON object for programs, folders for results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from ..files import alone_in, check_folder, check_output
from .streams import is_utf8

SUFFIXES = ("json", "csv", "png", "svg")  # of the files of a result


def print_json(document: dict[str, Any]) -> None:
    """UTF-8 or plain ASCII, which are the same JSON, whatever the locale."""
    click.echo(json.dumps(document, ensure_ascii=not is_utf8()))


def require_free_folder(folder: Path, overwrite: bool, name: str = "sweep") -> None:
    """Refuse a folder with an earlier result in it, and one that cannot be written, before the work rather than after.

    Args:
        name: of the result; others in the folder are no hindrance.

    Raises:
        InputError: there is an earlier result, the path is a file, or the folder or a file cannot be made or written.
    """
    require_writable(folder, name)
    if (folder / f"{name}.json").exists() and not overwrite:
        remedy = "choose another with -o, or pass --overwrite"
        raise InputError(f"the folder holds a {name}.json already", where=str(folder), remedy=remedy)


def require_writable(folder: Path, name: str | None = None) -> None:
    """Refuse a folder that cannot be made or written.

    Args:
        name: of the result that goes there, whose files have to be such that can be written.

    Raises:
        InputError: the path is something else, a file of the result is not a file, or there is no permission.
    """
    check_folder(folder)
    for suffix in SUFFIXES if name and folder.exists() else ():
        check_output(folder / f"{name}.{suffix}", overwrite=True)


@contextmanager
def results_in(folder: Path, overwrite: bool, *names: str) -> Iterator[None]:
    """Inside the block, results of these names are made for a folder: by no other run at once.

    Raises:
        InputError: there is an earlier result, another run, or the folder cannot be made or written.
    """
    for name in names:
        require_free_folder(folder, overwrite, name)
    with alone_in(folder, names[0]):
        yield
