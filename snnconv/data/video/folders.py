"""Folders of the data sets of video: where a data set lies, which part of it is meant, one folder for each class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import InputError
from .samples import videos_in


def split_part(place: str, parts: Iterable[str], usual: str) -> tuple[Path, str]:
    """`DIR:train1` → the folder and the part; without a known part, the usual one.

    Raises:
        InputError: no such folder, or no such part.
    """
    folder, colon, part = place.rpartition(":")
    known = list(parts)
    if colon and part in known:
        place, usual = folder, part
    elif colon and not Path(place).exists() and Path(folder).is_dir():
        raise InputError(f"no such part of the data: {part!r}", expected=", ".join(known) or "none", where=folder)
    if not place or not Path(place).is_dir():  # the path of nothing is the current folder
        raise InputError("no such folder of video clips", got=place or "no folder after the colon")
    return Path(place), usual


def base_of(folder: Path, name: str, inside: str) -> Path:
    """The folder of one data set: the one given, or the one called `name` in it, whichever holds `inside`.

    Raises:
        InputError: neither does.
    """
    for base in (folder, folder / name):
        if (base / inside).is_dir():
            return base
    raise InputError(
        f"the folder does not hold {name}", expected=f"{inside}/ in it, or in {name}/ in it", where=str(folder)
    )


def first_folder(base: Path, names: Sequence[str]) -> Path:
    """The first of these folders that is there; the base itself where none is."""
    return next((base / name for name in names if (base / name).is_dir()), base)


def classes_in(folder: Path) -> list[str]:
    """The folders of the classes, by name."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def by_class(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """The video files in the folder of each class, with its number.

    Raises:
        InputError: a folder without video files.
    """
    found = []
    for label, name in enumerate(classes):
        files = videos_in(folder / name) if (folder / name).is_dir() else []
        if not files and (folder / name).is_dir():
            raise InputError("the folder of a class holds no video files", where=str(folder / name))
        found += [(file, label) for file in files]
    return found


def require_some(files: Sequence[tuple[Path, int]], where: Path) -> None:
    """Refuse a list of files of which not one is there; single ones that lack are told when they are read.

    Raises:
        InputError: none is.
    """
    if files and not any(path.is_file() for path, _ in files):
        raise InputError(
            "none of the listed video files is there", expected=str(files[0][0]), got="no such file", where=str(where)
        )
