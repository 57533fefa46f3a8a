"""What a killed training continues from: everything that decides about its next step, in one file."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..bench.journal import MOST_DIFFERENCES, differences
from ..convert.capture import first_line
from ..errors import InputError
from ..io import atomic_output

FORMAT = 1
FILE = "checkpoint.pt"
FRESH = "choose another folder, or pass --overwrite (resume=False) to start afresh"


def random_states() -> dict[str, Any]:
    """Of every generator that a network or a loader may draw from, as plain data, which processes can exchange."""
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state().tolist(),
        "cuda": [state.tolist() for state in (torch.cuda.get_rng_state_all() if torch.cuda.is_available() else ())],
        "python": random.getstate(),
        "numpy": [str(kind), np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }


def restore_random_states(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(torch.tensor(states["torch"], dtype=torch.uint8))
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.tensor(state, dtype=torch.uint8) for state in states["cuda"]])
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))


def save_checkpoint(folder: Path, document: Mapping[str, Any]) -> None:
    """Write it whole or not at all."""
    with atomic_output(folder / FILE, overwrite=True) as temporary:
        torch.save({"format": FORMAT, **document}, temporary)


def load_checkpoint(folder: Path, configuration: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a training with this configuration left in the folder; None: nothing.

    Raises:
        InputError: it cannot be read, or is that of another configuration; the message lists what differs.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
        found = document["format"]
    except Exception as error:  # torch.load raises whatever the bytes lead it to
        raise InputError(
            "the checkpoint cannot be read", got=f"{type(error).__name__}: {first_line(error).partition('. ')[0]}",
            where=str(path), remedy=FRESH,
        ) from error  # fmt: skip
    if found != FORMAT:
        raise InputError(f"the checkpoint has format {found}", expected=str(FORMAT), where=str(path), remedy=FRESH)
    require_same(document["configuration"], configuration, path)
    return document


def require_same(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Refuse to continue a training with other settings.

    Raises:
        InputError: they differ.
    """
    changed = differences(before, json.loads(json.dumps(now)))
    if not changed:
        return
    more = [f"and {len(changed) - MOST_DIFFERENCES} more"] if len(changed) > MOST_DIFFERENCES else []
    raise InputError(
        "the folder holds a training with other settings",
        got="; ".join([*changed[:MOST_DIFFERENCES], *more]),
        where=str(path),
        remedy=FRESH,
    )
