"""What a killed training continues from: everything that decides about its next step, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..bench.configurations import require_same
from ..convert.capture import first_line
from ..errors import InputError
from ..fingerprint import digest
from ..io import binary_output

FORMAT = 2  # 1 had no check
FILE = "checkpoint.pt"
FRESH = "choose another folder, or pass --overwrite (resume=False) to start afresh"


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
        document = torch.load(path, map_location="cpu", weights_only=True)
        found, check = document.pop("format"), document.pop("check", None)
    except Exception as error:  # torch.load raises whatever the bytes lead it to
        raise InputError(
            "the checkpoint cannot be read", got=f"{type(error).__name__}: {first_line(error).partition('. ')[0]}",
            where=str(path), remedy=FRESH,
        ) from error  # fmt: skip
    if found != FORMAT:
        raise InputError(f"the checkpoint has format {found}", expected=str(FORMAT), where=str(path), remedy=FRESH)
    if digest(document) != check:
        raise InputError(
            "the checkpoint is damaged", got="values that do not fit its check", where=str(path), remedy=FRESH
        )
    require_same(document["configuration"], configuration, "training", path, FRESH)
    return document
