"""What commands share in what they print and write: one JSON object for programs, folders for results."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from ..errors import InputError


def print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))


def require_free_folder(folder: Path, overwrite: bool, name: str = "sweep") -> None:
    """Refuse a folder with an earlier result in it, and one that cannot be written, before the work rather than after.

    Args:
        name: of the result; others in the folder are no hindrance.

    Raises:
        InputError: there is an earlier result, the path is a file, or the folder cannot be made or written.
    """
    require_writable(folder)
    if (folder / f"{name}.json").exists() and not overwrite:
        remedy = "choose another with -o, or pass --overwrite"
        raise InputError(f"the folder holds a {name}.json already", where=str(folder), remedy=remedy)


def require_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written.

    Raises:
        InputError: the path is a file, or there is no permission.
    """
    if folder.is_file():
        raise InputError("the output folder is a file", where=str(folder))
    standing = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        got = "no permission to write" if standing.is_dir() else f"{standing} is a file"
        raise InputError("cannot write into the output folder", got=got, where=str(folder))
