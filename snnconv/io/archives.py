"""What a zip archive may claim, whatever kind of model file it is."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from typing import IO

from ..errors import InputError

# torch stores members uncompressed. Someone may have zipped the file again: weights shrink little, none twentyfold.
_LARGEST_RATIO = 20
_SLACK = 16 * 2**20


def check_whole(archive: zipfile.ZipFile) -> None:
    """Raise BadZipFile for an archive that does not begin where its file does.

    Model archives hold archives. One that is cut short can end in the table of contents of an inner one, which would
    then be taken for the whole.
    """
    if min((entry.header_offset for entry in archive.infolist()), default=0) != 0:
        raise zipfile.BadZipFile("its table of contents is missing")


def check_unpacked(sizes: Iterable[int], size: int, where: str) -> None:
    """Refuse members of `sizes` bytes, unpacked, in a file of `size` bytes, where they cannot have been put in it.

    Raises:
        InputError: the file is a zip bomb, or its table of contents is damaged.
    """
    unpacked = sum(sizes)
    if unpacked > largest_unpacked(size):
        raise InputError(
            "the file claims to unpack to far more than it can hold",
            got=f"{size:,} bytes that unpack to {unpacked:,}",
            where=where,
        )


def largest_unpacked(size: int) -> int:
    """Bytes that what is in a file of `size` bytes may take, written out."""
    return _LARGEST_RATIO * size + _SLACK


def check_archive(file: IO[bytes], where: str) -> None:
    """The same for an open file, left where it was.

    Raises:
        InputError: as above. zipfile.BadZipFile, ValueError: it is not an archive.
    """
    place = file.tell()
    try:
        size = file.seek(0, 2)
        with zipfile.ZipFile(file) as archive:
            check_unpacked((entry.file_size for entry in archive.infolist()), size, where)
    finally:
        file.seek(place)
