"""`nmnist:DIR[:train][?frames=16&by=count&size=34&values=counts]`: N-MNIST in its original folders.

Orchard et al., "Converting static image datasets to spiking neuromorphic datasets using saccades", Frontiers in
Neuroscience 9:437, 2015.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from ..identity import files_digest
from ..imagefolder import interleaved
from ..samples import DATA_SOURCES, Samples
from .atis import read_atis
from .source import parse, recordings

SENSOR = 34
FOLDERS = {"train": "Train", "test": "Test"}


@DATA_SOURCES.register("nmnist")
def open_nmnist(argument: str) -> Samples:
    """Recordings of handwritten digits, [2, frames, size, size]; its test part unless `:train` follows.

    Classes come interleaved, so that the first n hold them in the proportions of the whole.

    Raises:
        InputError: an unknown option, no such folder, or (from fetch) a broken file.
    """
    place, part, framed = parse(argument)
    folder = Path(place) / FOLDERS[part]
    found = [(path, digit) for digit in range(10) for path in sorted((folder / str(digit)).glob("*.bin"))]
    if not found:
        raise InputError(
            "there are no N-MNIST recordings",
            expected="DIR/Train/0…9/*.bin and DIR/Test/0…9/*.bin, as in the archives Train.zip and Test.zip",
            got="no such folder" if not folder.is_dir() else "no *.bin in folders 0…9",
            where=str(folder),
        )
    found = [found[position] for position in interleaved([digit for _, digit in found])]

    def read(position: int) -> tuple[np.ndarray, str]:
        path = found[position][0]
        return read_atis(path), str(path)

    def identity(count: int) -> str:
        return files_digest([path for path, _ in found[:count]], [digit for _, digit in found[:count]])

    return recordings(read, [digit for _, digit in found], 10, SENSOR, framed, identity)
