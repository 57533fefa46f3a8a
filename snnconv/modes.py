"""The modes of torch that the caller is in: none of them may change what a conversion or a measurement gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

_callers: list[tuple[torch.dtype, torch.device]] = []  # default types and devices, the outermost caller's first


@contextmanager
def ordinary_mode() -> Iterator[None]:
    """Inside the block no mode of the caller holds: neither inference mode, nor autocast, nor `no_grad`, nor a default
    type or device of his own. Numbers are those of the network's own type."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    with ExitStack() as block:
        block.enter_context(torch.inference_mode(False))
        block.enter_context(torch.set_grad_enabled(True))
        for kind in ("cpu", "cuda"):
            block.enter_context(torch.autocast(kind, enabled=False))
        block.enter_context(defaults(torch.float32, torch.device("cpu")))
        _callers.append((dtype, device))
        block.callback(_callers.pop)
        yield


@contextmanager
def callers_defaults() -> Iterator[None]:
    """Inside a block of `ordinary_mode`, for a forward of the caller's own: his default type and device hold again.

    Not the meta device, on which nothing runs: it is a mode for building networks.
    """
    if not _callers or _callers[0][1].type == "meta":
        yield
        return
    with defaults(*_callers[0]):
        yield


@contextmanager
def defaults(dtype: torch.dtype, device: torch.device) -> Iterator[None]:
    """These are the defaults inside the block. A device costs time at every call, and is set only where it differs."""
    before = torch.get_default_dtype()
    with ExitStack() as block:
        if torch.get_default_device() != device:
            block.enter_context(device)
        torch.set_default_dtype(dtype)
        block.callback(torch.set_default_dtype, before)
        yield
