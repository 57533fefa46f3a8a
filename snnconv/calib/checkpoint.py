"""What a calibration on a large set has seen so far, in a file, to go on from there when it was interrupted."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import InputError
from ..io.atomic import atomic_output, check_output
from .statistics import Statistics

FORMAT = "snnconv calibration 1"
EVERY = 10.0  # seconds between two writes


class Checkpoint:
    """Statistics of all sites after so many batches; written whole or not at all, and read without running code.

    Args:
        path: file; it may not be there yet.
        about: what the statistics depend on, as plain data: they are only continued where it is the same.

    Raises:
        InputError: the file is no such checkpoint, or one of another calibration, or cannot be written.
    """

    def __init__(self, path: str | PathLike[str], about: Mapping[str, Any]) -> None:
        self.path, self.about = Path(path), json.dumps(about, sort_keys=True)
        check_output(self.path, overwrite=True)
        self._written = time.monotonic()

    def restore(self, statistics: Mapping[str, Statistics]) -> int:
        """Fill the statistics with what the file holds; the number of batches that they have seen."""
        if not self.path.exists():
            return 0
        try:
            with safe_open(self.path, "pt") as file:
                told = file.metadata() or {}
                tensors: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise self._refused("is no checkpoint of a calibration", str(error)) from error
        if told.get("format") != FORMAT:
            raise self._refused("is no checkpoint of a calibration", "another file")
        if told["about"] != self.about:
            raise self._refused("is of another calibration", changed(told["about"], self.about))
        for name, one in statistics.items():
            one.restore({key: tensors[f"{name}:{key}"] for key in one.state()})
        return int(told["batches"])

    def save(self, statistics: Mapping[str, Statistics], batches: int, *, now: bool = False) -> None:
        """Write them, unless that was done less than 10 s ago."""
        if not now and time.monotonic() - self._written < EVERY:
            return
        tensors = {f"{name}:{key}": value.cpu().contiguous() for name, one in statistics.items()
                   for key, value in one.state().items()}  # fmt: skip
        metadata = {"format": FORMAT, "about": self.about, "batches": str(batches)}
        with atomic_output(self.path, overwrite=True) as temporary:
            save_file(tensors, temporary, metadata)
        self._written = time.monotonic()

    def _refused(self, what: str, got: str) -> InputError:
        return InputError(
            f"the file {what}", got=got, where=str(self.path), remedy="choose another file, or delete this one"
        )


def changed(before: str, now: str) -> str:
    """The names of what differs."""
    old, new = json.loads(before), json.loads(now)
    return "another " + ", another ".join(key for key in {**old, **new} if old.get(key) != new.get(key))
