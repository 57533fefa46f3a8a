"""What a calibration on a large set has seen so far, in a file, to go on from there when it was interrupted."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..documents import parse_json
from ..errors import InputError
from ..files.atomic import write_bytes
from ..files.places import check_output
from ..fingerprint import digest
from .statistics import Statistics

FORMAT = "snnconv calibration 2"  # 1 had no check, no digest of the data, and counted their batches
EVERY = 10.0  # seconds between two writes


class Checkpoint:
    """Statistics of all sites after so many batches; written whole or not at all, and read without running code.

    Args:
        path: file; it may not be there yet.
        about: what the statistics depend on besides the batches, as plain data: they are only continued where it is the
            same, and where the batches that they have seen are the same, value by value.

    Raises:
        InputError: the file is no such checkpoint, damaged, or one of another calibration, or cannot be written.
    """

    def __init__(self, path: str | PathLike[str], about: Mapping[str, Any]) -> None:
        self.path, self.about = Path(path), json.dumps(about, sort_keys=True)
        check_output(self.path, overwrite=True)
        self._written = time.monotonic()
        self._seen = 0  # batches, by the file
        self._known = ""  # digest of those
        self._read, self._count = digest(), 0  # the same of the batches of this run

    def restore(self, statistics: Mapping[str, Statistics]) -> int:
        """Fill the statistics with what the file holds; the number of batches that they have seen."""
        if not self.path.exists():
            return 0
        try:
            with safe_open(self.path, "pt") as file:
                told = file.metadata() or {}
                tensors: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise self._refused("is not a checkpoint of a calibration", str(error)) from error
        if told.get("format") != FORMAT:
            raise self._refused("is not a checkpoint of a calibration", told.get("format", "another file"))
        if told.pop("check", None) != digest(told, tensors):
            raise self._refused("is damaged", "values that do not fit its check")
        if told.get("about") != self.about:
            raise self._refused("is of another calibration", changed(told.get("about", "{}"), self.about))
        try:
            for name, one in statistics.items():
                one.restore({key: tensors[f"{name}:{key}"] for key in one.state()})
            self._seen, self._known = int(told["batches"]), told["data"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise self._refused("is damaged", f"{type(error).__name__}: {str(error)[:200]}") from error
        return self._seen

    def take(self, leaves: Sequence[Tensor]) -> None:
        """Take note of the next batch, whether the statistics have seen it or not.

        Raises:
            InputError: it is the last that they have seen, and those up to it are not the ones they have seen.
        """
        self._read, self._count = digest(self._read, leaves), self._count + 1
        if self._count == self._seen:
            self._require_known()

    def end(self) -> None:
        """There are no more batches.

        Raises:
            InputError: there were more when the file was written.
        """
        if self._count < self._seen:
            self._require_known()

    def _require_known(self) -> None:
        if self._read != self._known:
            raise self._refused("is of another calibration", f"other data than its {self._seen} batches")

    def save(self, statistics: Mapping[str, Statistics], batches: int, *, now: bool = False) -> None:
        """Write them, unless that was done less than 10 s ago."""
        if not now and time.monotonic() - self._written < EVERY:
            return
        tensors = {f"{name}:{key}": value.cpu().contiguous() for name, one in statistics.items()
                   for key, value in one.state().items()}  # fmt: skip
        metadata = {"format": FORMAT, "about": self.about, "batches": str(batches), "data": self._read}
        metadata["check"] = digest(metadata, tensors)
        write_bytes(self.path, save(tensors, metadata))
        self._written = time.monotonic()

    def _refused(self, what: str, got: str) -> InputError:
        return InputError(
            f"the file {what}", got=got, where=str(self.path), remedy="choose another file, or delete this one"
        )


def changed(before: str, now: str) -> str:
    """The names of what differs."""
    old, new = parse_json(before, "the checkpoint"), json.loads(now)
    if not isinstance(old, dict):
        return "another kind of record"
    return "another " + ", another ".join(key for key in {**old, **new} if old.get(key) != new.get(key))
