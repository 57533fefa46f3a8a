"""`npz:FILE[,FILE…]`: images and labels under the keys x and y of NumPy files."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .arrays import checked_arrays, to_tensor
from .source import DATA_SOURCES, Samples

Part = tuple[np.ndarray, np.ndarray]


@DATA_SOURCES.register("npz")
def open_npz(argument: str) -> Samples:
    """The images of one or several files, in the order of the files.

    Args:
        argument: file names with commas between them; a name that itself holds a comma works alone.

    Raises:
        InputError: no such file, not an intact npz, keys missing, arrays that `checked_arrays` refuses, or files whose
            images do not go together.
    """
    names = [argument] if os.path.exists(argument) else argument.split(",")
    parts = [checked_arrays(*read_arrays(Path(name), ("x", "y")), where=name) for name in names]
    for (x, _), name in zip(parts, names):
        if x.shape[1:] != parts[0][0].shape[1:] or x.dtype != parts[0][0].dtype:
            raise InputError(
                "the files hold different kinds of images",
                expected=f"x {parts[0][0].dtype} {['N', *parts[0][0].shape[1:]]} as in {names[0]}",
                got=f"x {x.dtype} {['N', *x.shape[1:]]}",
                where=name,
            )
    return from_arrays(parts)


def from_arrays(parts: list[Part]) -> Samples:
    """Samples of checked arrays, one after the other; they are not joined, which would need their memory twice."""
    ends = np.cumsum([len(y) for _, y in parts]).tolist()

    def fetch(positions: range) -> tuple[Tensor, Tensor]:
        images, labels = [], []
        for (x, y), end in zip(parts, ends):
            start = end - len(y)
            inside = slice(max(positions.start - start, 0), max(positions.stop - start, 0))
            if inside.start < min(inside.stop, len(y)):
                images.append(to_tensor(x[inside]))
                labels.append(torch.from_numpy(y[inside].copy()))
        return torch.cat(images), torch.cat(labels)

    return Samples(fetch, ends[-1])


def read_arrays(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
    """The arrays under `keys`; never runs code from the file.

    Raises:
        InputError: no such file, not an intact npz, a key missing, or an array of Python objects.
    """
    if not os.path.isfile(path):  # unlike Path's, False for names too long to be one
        raise InputError("no such data file", got=str(path))
    try:
        # opened here, since NumPy leaves a broken file open
        with path.open("rb") as handle:
            file = np.load(handle, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(
                    "this is one array, not an npz", where=str(path), remedy="save it with numpy.savez(…, x=…, y=…)"
                )
            missing = [key for key in keys if key not in file]
            if missing:
                raise InputError(
                    f"the data file has no {' and no '.join(missing)}",
                    expected=f"the keys {' and '.join(keys)}",
                    got=", ".join(file) or "no keys",
                    where=str(path),
                )
            return [file[key] for key in keys]
    except InputError:
        raise
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "the data file cannot be read",
            expected="an intact npz of plain arrays",
            got=f"{type(error).__name__}: {error}",
            where=str(path),
            remedy="if it is cut off, fetch it again; Python objects in it are not read, save plain arrays",
        ) from error
