"""What a measurement was made of: models are told apart by their tensors, data by what they say of themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sized
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from .errors import InputError


def fingerprint(
    model: nn.Module | ExportedProgram | Mapping[str, Tensor], texts: Mapping[str, str] | None = None
) -> str:
    """SHA-256 of named tensors; of a module also the classes in it, of a program its graph and the texts beside it."""
    found = hashlib.sha256()
    tensors: Mapping[str, Any]
    if isinstance(model, nn.Module):
        tensors = model.state_dict()
        found.update(str([(name, type(module).__qualname__) for name, module in model.named_modules()]).encode())
    else:
        tensors = {**model.state_dict, **model.constants} if isinstance(model, ExportedProgram) else model
    for name, value in sorted(tensors.items()):
        found.update(name.encode())
        if isinstance(value, Tensor):
            found.update(f"{value.dtype}{list(value.shape)}".encode())
            found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    if isinstance(model, ExportedProgram):
        found.update(str(model.graph).encode())
    for name, text in sorted((texts or {}).items()):
        found.update(f"{name}\n{text}".encode())
    return found.hexdigest()


def describe_data(data: Iterable[Any] | None) -> dict[str, Any] | None:
    """What data say of themselves, and a hash of the first sample where they give one; None for synthetic data."""
    if data is None:
        return None
    normalization, first = getattr(data, "normalization", None), getattr(data, "first", None)
    return {
        "name": str(getattr(data, "name", "data")),
        "length": len(data) if isinstance(data, Sized) else None,
        "batch_size": getattr(data, "batch_size", None),
        "normalization": normalization.to_dict() if normalization is not None else None,
        "first": None if first is None else fingerprint(named(first)),
    }


def named(first: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
    """One input as x; several as x0, x1, …"""
    return {"x": first} if isinstance(first, Tensor) else {f"x{place}": leaf for place, leaf in enumerate(first)}


def require_repeatable(data: Iterable[Any], kind: str) -> None:
    """Refuse what is used up when several networks are to see it.

    Raises:
        InputError: an iterator.
    """
    if iter(data) is data:
        raise InputError(
            f"the {kind} data can be read only once, and there are several networks",
            expected="a list or a loader of batches",
            got=type(data).__name__,
        )
