"""Weights and constants of a `.pt2`: raw bytes that are there, laid out within them."""

from __future__ import annotations

from typing import Any

from torch._export.serde.schema import ScalarType
from torch._export.serde.serialize import _SERIALIZE_TO_TORCH_DTYPE

from .pickle_calls import Judge
from .pickle_values import Row, Stored, Unjustified, Value
from .pt2_members import Members
from .pt2_names import Refused, shorten

_STRIDED = 7


def check_payloads(archive: Members, folder: str, entries: dict[str, dict[str, Any]], judge: Judge) -> None:
    """Every tensor lies within its member of the archive; repeated elements together do not outgrow the file.

    Raises:
        Refused: one is not there, or is pickled. Torch reads those with the full unpickler, so even a pickle that
            the restricted one accepts is not safe; only tensor subclasses are saved so, and none can be converted.
        Unjustified: it lies elsewhere, or takes more than the file holds.
    """
    for name, entry in entries.items():
        member = f"{folder}{entry.get('path_name')}"
        if entry.get("use_pickle"):
            raise Refused(f"the pickled tensor {shorten(name)} ({member})")
        if member not in archive.sizes:
            raise Refused(f"the tensor {shorten(name)}, whose data ({shorten(member)}) is not in the file")
        try:
            lay_out(entry.get("tensor_meta") or {}, archive.sizes[member], judge)
        except Unjustified as found:
            raise Unjustified(f"the tensor {shorten(name)}: {found}") from found


def lay_out(meta: dict[str, Any], held: int, judge: Judge) -> None:
    """One tensor on `held` bytes. Raises: Unjustified."""
    item = item_size(meta.get("dtype"))
    sizes, strides = Row(numbers(meta.get("sizes"))), Row(numbers(meta.get("strides")))
    offset = number(meta.get("storage_offset") or {"as_int": 0})
    if (meta.get("device") or {}).get("type") == "meta" or meta.get("layout") != _STRIDED:
        raise Unjustified("it has no values, or is not strided")
    blank = held == 0  # torch fills it with zeros, of whatever size the file asks for
    judge.lay_out(Stored(2**62 if blank else held // item, item), offset, sizes, strides)


def item_size(dtype: object) -> int:
    try:
        return _SERIALIZE_TO_TORCH_DTYPE[ScalarType(dtype)].itemsize  # type: ignore[arg-type]
    except (KeyError, ValueError):
        raise Unjustified(f"the unknown type {shorten(str(dtype))}") from None


def numbers(sizes: Any) -> list[Value]:
    return [number(size) for size in sizes or []]


def number(size: dict[str, Any]) -> Value:
    return size.get("as_int")
