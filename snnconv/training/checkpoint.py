"""What a killed training continues from: everything that decides about its next step, in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..capture.capture import first_line
from ..documents import Count, typed
from ..errors import InputError
from ..files import binary_output
from ..fingerprint import digest
from ..io import load_pickle
from ..measure.configurations import require_same

FORMAT = 2  # 1 had no check
FILE = "checkpoint.pt"
FRESH = "choose another folder, or pass --overwrite (resume=False) to start afresh"


@dataclass(frozen=True)
class Record:
    """What every checkpoint says."""

    configuration: dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """Where a training stands; beside it its tensors. course: of the epochs that are done. shares: of each process."""

    epoch: Count
    batch: Count
    step: Count
    samples: Count
    lr: float
    start: dict[str, Any]
    course: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    model: dict[str, Any]
    optimizer: dict[Any, Any]


@contextmanager
def fitting(document: Mapping[str, Any], folder: Path) -> Iterator[None]:
    """Continuing from a checkpoint within it.

    Raises:
        InputError: it is none of this training.
    """
    where = str(folder / FILE)
    typed(document, Progress, where, "the checkpoint", FRESH)
    try:
        yield
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            "the checkpoint does not fit this training", got=f"{type(error).__name__}: {first_line(error)[:200]}",
            where=where, remedy=FRESH,
        ) from error  # fmt: skip


def save_checkpoint(folder: Path, document: Mapping[str, Any]) -> None:
    """Write it whole or not at all."""
    with binary_output(folder / FILE) as file:
        torch.save({"format": FORMAT, "check": digest(document), **document}, file)


def load_checkpoint(folder: Path, configuration: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a training with this configuration left in the folder; None: nothing.

    Raises:
        InputError: it cannot be read, is damaged, or is that of another configuration; the message lists what differs.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        document = typed(load_pickle(path), dict[str, Any], str(path), "the checkpoint")
        found, check = document.pop("format"), document.pop("check", None)
        whole = digest(document) == check
    except Exception as error:  # digests too raise whatever the contents lead them to
        raise InputError(
            "the checkpoint cannot be read", got=f"{type(error).__name__}: {first_line(error).partition('. ')[0]}",
            where=str(path), remedy=FRESH,
        ) from error  # fmt: skip
    if found != FORMAT:
        raise InputError(f"the checkpoint has format {found}", expected=str(FORMAT), where=str(path), remedy=FRESH)
    if not whole:
        raise InputError(
            "the checkpoint is damaged", got="values that do not fit its check", where=str(path), remedy=FRESH
        )
    typed(document, Record, str(path), "the checkpoint", FRESH)
    require_same(document["configuration"], configuration, "training", path, FRESH)
    return document
