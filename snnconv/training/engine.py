"""The engine under the training loop: Lightning Fabric, which knows devices, mixed precision and several processes.

Fabric and not Accelerate: both are maintained, join the processes that torchrun started and leave the loop to its
owner. Fabric keeps what it knows in an object (Accelerate in a singleton of the process, so that two trainings of
different precision in one program are in each other's way) and installs 16 MB beside what torch brings; Accelerate
installs 28 MB, most of it a client of a model hub, which a tool that downloads nothing has no use for.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import torch

from ..capture.capture import first_line
from ..errors import InputError

PRECISIONS = ("32-true", "64-true", "bf16-mixed", "16-mixed", "bf16-true")
ABSENT = 'pip install "snnconv[train]"'


def launch(device: str, precision: str) -> Any:
    """A Fabric on `device`, of which every process of a torchrun has one.

    Raises:
        InputError: Fabric is not installed, the device is not there, or it has no such precision.
    """
    if precision not in PRECISIONS:
        raise InputError("unknown precision", expected=", ".join(PRECISIONS), got=repr(precision))
    fabric_class = require_fabric()
    place = torch.device(device)
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if several:
        where: Any = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        nodes = int(os.environ.get("GROUP_WORLD_SIZE", "1"))
    else:
        where, nodes = ([place.index or 0] if place.type == "cuda" else 1), 1
    try:
        fabric = fabric_class(
            accelerator=place.type,
            devices=where,
            num_nodes=nodes,
            precision=precision,
            strategy="ddp" if several else "auto",
        )
        fabric.launch()
    except (RuntimeError, ValueError, TypeError) as error:
        raise InputError(
            f"training cannot run on {device!r} with precision {precision!r}", got=first_line(error)
        ) from error
    return fabric


def require_fabric() -> Any:
    """The class, imported when it is needed: it takes a second.

    Raises:
        InputError: it is not installed.
    """
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise InputError("fine-tuning needs Lightning Fabric", got=str(error), remedy=ABSENT) from error
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces every process it joins
    return Fabric
