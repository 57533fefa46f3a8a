"""What a measurement was made of, in a few digits: models by what they compute with, data by all that is used of them.

Whoever continues an earlier run compares these first: numbers of two models or two sets of data are never added up.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from .errors import InputError
from .generators import unchanged_generators

BLOCK = 1 << 22  # bytes of an array that are copied at a time, where it does not lie in memory in one piece
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # in the text of a function or an object: another one in every process


def digest(*values: Any) -> str:
    """SHA-256 of plain data, tensors and arrays, nested in lists, tuples and dicts.

    Of a dict the order does not count, and of any other object only its type does.
    """
    found = hashlib.sha256()
    for value in values:
        for piece in pieces(value):
            found.update(piece)
    return found.hexdigest()


def pieces(value: Any) -> Iterator[bytes | memoryview]:
    """The bytes that stand for a value, no two values having the same."""
    if isinstance(value, Tensor):
        held = value.detach().cpu()
        held = torch.view_as_real(held.resolve_conj()) if held.is_complex() else held
        yield f"{value.dtype}{list(value.shape)}".encode()
        yield held.contiguous().flatten().view(torch.uint8).numpy().data
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype}{list(value.shape)}".encode()
        yield from blocks(value)
    elif isinstance(value, Mapping):
        yield f"dict{len(value)}".encode()
        for key in sorted(value, key=lambda key: (type(key).__name__, str(key))):
            yield from pieces(key)
            yield from pieces(value[key])
    elif isinstance(value, (list, tuple)):
        yield f"list{len(value)}".encode()
        for item in value:
            yield from pieces(item)
    elif value is None or isinstance(value, (bool, int, float, str, bytes, np.generic)):
        text = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
        yield f"{type(value).__name__}{len(text)}:".encode() + text
    else:
        yield f"object {type(value).__qualname__};".encode()


def blocks(array: np.ndarray) -> Iterator[memoryview]:
    """The bytes of an array in the order of its elements, without a copy of all of it."""
    rows = array.reshape(1) if not array.ndim else array
    step = len(rows) if rows.flags.c_contiguous else max(BLOCK * len(rows) // max(rows.nbytes, 1), 1)
    for start in range(0, len(rows), max(step, 1)):
        yield np.ascontiguousarray(rows[start : start + step]).reshape(-1).view(np.uint8).data


def fingerprint(
    model: nn.Module | ExportedProgram | Mapping[str, Tensor], texts: Mapping[str, str] | None = None
) -> str:
    """Of named tensors; of a module also what its modules are and are set to; of a program its graph; and of texts.

    Python code is not looked into: two classes of one name that compute different things have the same fingerprint.
    """
    if isinstance(model, ExportedProgram):
        return digest({**model.state_dict, **model.constants}, str(model.graph), texts or {})
    if not isinstance(model, nn.Module):
        return digest(dict(model), texts or {})
    modules = [(name, type(module).__qualname__, options_of(module)) for name, module in model.named_modules()]
    graphs = [ADDRESS.sub("", str(module.graph)) for module in model.modules() if isinstance(module, fx.GraphModule)]
    return digest(model.state_dict(), dict(model.named_buffers()), modules, graphs, texts or {})


def options_of(module: nn.Module) -> list[Any]:
    """What a module prints of itself, and the plain values that it holds: a stride, a slope, a number of heads."""
    held = {name: value for name, value in vars(module).items() if name[0] != "_" and name != "training"}
    plain = {
        name: value for name, value in held.items() if isinstance(value, (bool, int, float, str, tuple, list, Tensor))
    }
    return [ADDRESS.sub("", module.extra_repr()), plain]


def about_data(data: Iterable[Any] | None) -> dict[str, Any] | None:
    """What data say of themselves, and a digest of the first sample where they give one; None for synthetic data."""
    if data is None:
        return None
    normalization, first = getattr(data, "normalization", None), getattr(data, "first", None)
    return {
        "name": str(getattr(data, "name", "data")),
        "length": len(data) if isinstance(data, Sized) else None,
        "batch_size": getattr(data, "batch_size", None),
        "normalization": normalization.to_dict() if normalization is not None else None,
        "first": None if first is None else digest(first),
    }


def describe_data(
    data: Iterable[Any] | None, batches: Sequence[str] | None = None, *, seed: int | None = None
) -> dict[str, Any] | None:
    """The same, and a digest of all samples and labels that are used, in their order.

    Data with a method `digest`, as a `DataSource`, know it themselves; others are read for it. What can be read only
    once equals no other data.

    Args:
        batches: digests of the batches, where they were read already.
        seed: of what is drawn while they are read, see `batch_digests`.
    """
    about = about_data(data)
    if data is None or about is None:
        return about
    if hasattr(data, "digest"):
        return about | {"sha256": data.digest()}  # type: ignore[attr-defined]
    read = batch_digests(data, seed) if batches is None else batches
    return about | {"sha256": f"not known, read once {secrets.token_hex(4)}" if read is None else digest(list(read))}


def batch_digests(data: Iterable[Any], seed: int | None = None) -> list[str] | None:
    """A digest of every batch, labels and all; None: the data know theirs, or can be read only once.

    No random generator moves on.

    Args:
        seed: of every generator meanwhile, so that a loader that shuffles gives the same order in every run.
    """
    if hasattr(data, "digest") or isinstance(data, Iterator):
        return None
    with unchanged_generators(data, seed):
        return [digest(batch) for batch in data]


def require_same_batch(batch: Any, number: int, batches: Sequence[str] | None) -> None:
    """Refuse data that are other ones each time they are read.

    Args:
        batches: the digests of the first time; None: nobody compares.

    Raises:
        InputError: this batch is another.
    """
    if batches is not None and (number >= len(batches) or digest(batch) != batches[number]):
        raise not_the_same(f"another batch {number} than before")


def require_same_length(count: int, batches: Sequence[str] | None) -> None:
    """The same for their end, after `count` batches.

    Raises:
        InputError: there were more.
    """
    if batches is not None and count < len(batches):
        raise not_the_same(f"{count} batches, {len(batches)} before")


def not_the_same(got: str) -> InputError:
    return InputError(
        "the data are not the same each time they are read",
        expected="the same samples in the same order, as counts of whole batches are kept and continued",
        got=got,
        remedy="a loader with shuffle=False and no random augmentation, or no folder",
    )


def require_repeatable(data: Iterable[Any], kind: str) -> None:
    """Refuse what is used up when several networks are to see it.

    Raises:
        InputError: an iterator.
    """
    if isinstance(data, Iterator):
        raise InputError(
            f"the {kind} data can be read only once, and there are several networks",
            expected="a list or a loader of batches",
            got=type(data).__name__,
        )
