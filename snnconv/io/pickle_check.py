"""Looks at the pickle in a `torch.save` file before torch loads it: it may take no more than the file justifies."""

from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
from collections.abc import Collection
from typing import IO

import torch

from ..errors import InputError
from .archives import check_archive, largest_unpacked
from .pickle_calls import Judge
from .pickle_machine import Machine
from .pickle_values import Storages, Unjustified

PICKLES_IN_OLD_FORMAT = 5  # magic number, protocol, system, the object, storage keys; raw bytes follow
_BROKEN = (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, TypeError, AttributeError, RuntimeError)


def check_pickle(file: IO[bytes], where: str, trusted: Collection[str] = (), refused: Collection[str] = ()) -> None:
    """Refuse a file whose pickle calls what `torch.save` would not, or makes what the file does not hold.

    Args:
        file: open; left at its start.
        trusted: classes and functions that may be called with anything. refused: names at which torch stops.

    Raises:
        InputError: what it would call, or that the file is damaged.
    """
    try:
        judge_pickle(file, where, trusted, refused)
    except Unjustified as found:
        raise InputError(
            "the file is cut short, damaged, or asks for what torch.save does not write",
            expected="modules without arguments, and tensors that lie within the file",
            got=str(found),
            where=where,
            remedy="copy it again, or save its state_dict() where it came from; --trust runs whatever is in the file",
        ) from found


def judge_pickle(file: IO[bytes], where: str, trusted: Collection[str] = (), refused: Collection[str] = ()) -> None:
    """The same. Raises: Unjustified; InputError of an archive that unpacks to far more than it can hold."""
    file.seek(0)
    try:
        if zipfile.is_zipfile(file):
            check_archive(file, where)
            _check_zip(file, trusted, refused)
        else:
            _check_old(file, trusted, refused)
    except InputError:
        raise
    except _BROKEN:
        pass  # torch comes to the same place, and says what is wrong there
    finally:
        file.seek(0)


def _check_zip(file: IO[bytes], trusted: Collection[str], refused: Collection[str]) -> None:
    """torch's own reader finds the pickle: what is checked is what is loaded."""
    size = file.seek(0, 2)
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        inside = [(entry.filename.partition("/")[2], entry.file_size) for entry in archive.infolist()]
    members = {name.removeprefix("data/"): length for name, length in inside if name.startswith("data/")}
    file.seek(0)
    reader = torch._C.PyTorchFileReader(file)
    largest = largest_unpacked(size)
    machine = Machine(Judge(largest, trusted), Storages(members, largest), refused)
    machine.run(io.BytesIO(reader.get_record("data.pkl")))


def _check_old(file: IO[bytes], trusted: Collection[str], refused: Collection[str]) -> None:
    """Files from before torch 1.6: a row of pickles, then the storages, uncompressed."""
    size = file.seek(0, 2)
    file.seek(0)
    if tarfile.is_tarfile(file):
        raise Unjustified("an archive of the first versions of torch")
    file.seek(0)
    for _ in range(PICKLES_IN_OLD_FORMAT):
        Machine(Judge(largest_unpacked(size), trusted), Storages(None, size), refused).run(file)
