"""Stand-ins for what a pickle makes, in `pickle_machine.py`: enough of it to judge the calls it is handed to."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LARGEST_KEY = 64  # parts of a tuple that is a key: hashing nested tuples that share parts takes time without end
_LARGEST_NUMBER = 2**62
# Bytes of an element, by the name of the storage's class; torch counts untyped ones in bytes.
_ITEMS = {
    "Byte": 1, "Char": 1, "Bool": 1, "Short": 2, "Half": 2, "BFloat16": 2, "Int": 4, "Float": 4, "Long": 8, "Double": 8,
    "ComplexFloat": 8, "ComplexDouble": 16, "QInt8": 1, "QUInt8": 1, "QInt32": 4, "QUInt4x2": 1, "QUInt2x4": 1,
    "Untyped": 1,
}  # fmt: skip


class Unjustified(Exception):
    """What in a pickle is not what `torch.save` writes, or is larger than its file justifies."""


@dataclass(frozen=True)
class Named:
    """A class or function."""

    name: str


@dataclass
class Made:
    """An object: what a call returned, or a container that is filled later.

    Attributes:
        kind: the class or function that was called. depth: of what was put into it.
    """

    kind: str
    depth: int = 1


@dataclass
class Row:
    """A tuple or a list. parts: nodes of its tree when it was made; depth: levels of it."""

    items: list[Value]
    parts: int = field(init=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.parts = 1 + sum(item.parts if isinstance(item, Row) else 1 for item in self.items)
        self.depth = 1 + max(map(depth_of, self.items), default=0)


@dataclass(frozen=True)
class Stored:
    """The bytes of a tensor. length: in elements of `item` bytes each."""

    length: int
    item: int


Value = Named | Made | Row | Stored | str | bytes | int | float | None


def depth_of(value: Value) -> int:
    return value.depth if isinstance(value, (Row, Made)) else 0


def whole(value: Value, what: str) -> int:
    """A size. Raises: Unjustified."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST_NUMBER:
        raise Unjustified(f"{what} {str(value)[:40]}")
    return value


def wholes(value: Value, what: str) -> list[int]:
    """A row of sizes. Raises: Unjustified."""
    if not isinstance(value, Row):
        raise Unjustified(f"{what} that is not a row of numbers")
    return [whole(item, what) for item in value.items]


def check_key(value: Value) -> None:
    """What is hashed, as a key or a member of a set. Raises: Unjustified."""
    if isinstance(value, Row) and value.parts > LARGEST_KEY:
        raise Unjustified("a key of very many parts")


@dataclass
class Storages:
    """The bytes that the file holds, and how the pickle lays claim to them.

    Attributes:
        members: {key: bytes}; None: those of the old format, which follow the pickle.
        largest: bytes that all of them may be where `members` is None.
    """

    members: Mapping[str, int] | None
    largest: int
    claims: dict[str, int] = field(default_factory=dict)

    def claim(self, pid: Value) -> Stored:
        """The storage that a persistent identity names. Raises: Unjustified."""
        items: Sequence[Value] = pid.items if isinstance(pid, Row) else ()
        if not items or text(items[0]) != "storage":
            raise pickle.UnpicklingError("not a storage")  # torch refuses it too, and says what it is
        if len(items) not in (5, 6) or not isinstance(items[1], Named):
            raise Unjustified("an unknown kind of persistent object")
        item, key = item_size(items[1].name), text(items[2])
        length = whole(items[4], "a storage of length")
        claimed = self.claims.setdefault(key, length * item)
        if claimed != length * item:
            raise Unjustified(f"a storage with two lengths, {claimed:,} and {length * item:,} bytes")
        if text(items[3]) != "meta":  # where there are no data
            self._check(key, claimed)
        return Stored(self._view(items, length), item)

    def _check(self, key: str, claimed: int) -> None:
        if self.members is None:
            held = self.largest
            claimed = sum(self.claims.values())
        else:
            held = self.members.get(key, 0)
        if claimed > held:
            raise Unjustified(f"a storage of {claimed:,} bytes, where the file holds {held:,}")

    def _view(self, items: Sequence[Value], length: int) -> int:
        """The old format can name a part of a storage; its length."""
        view = items[5] if len(items) == 6 else None
        if view is None:
            return length
        if not isinstance(view, Row) or len(view.items) != 3:
            raise Unjustified("a part of a storage without offset and length")
        offset, part = whole(view.items[1], "an offset of"), whole(view.items[2], "a part of length")
        if offset + part > length:
            raise Unjustified(f"a part of a storage beyond its {length:,} elements")
        return part


def text(value: Value) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def item_size(storage: str) -> int:
    """Bytes of an element of a storage class. Raises: Unjustified."""
    kind = storage.rpartition(".")[2].removesuffix("Storage")
    if kind not in _ITEMS:
        raise Unjustified(f"the unknown storage {storage[:80]}")
    return _ITEMS[kind]
