"""Which calls a pickle may make, and with what: those of what `torch.save` writes.

torch's restricted unpickler knows which classes and functions a file may name, not with which arguments it may call
them: `Linear(32768, 32768)` is four gigabytes in a hundred bytes. `torch.save` writes modules as objects that are made
without a call and filled; tensors lie within their storages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .pickle_values import Made, Named, Row, Stored, Unjustified, Value, check_key, text, whole, wholes

_LATIN = ("latin1", "latin-1")
_LARGEST_ITEM = 16  # bytes of an element, at most


@dataclass
class Judge:
    """Judges the calls of one pickle.

    Attributes:
        largest: bytes that all tensors may hold when every element is written out: strides of 0 repeat some.
        trusted: names that the user let through: they may be called with anything.
    """

    largest: int
    trusted: Collection[str] = ()
    written: int = 0

    def call(self, function: Value, arguments: Value) -> Made | Row:
        """What a call returns. Raises: Unjustified."""
        name = function.name if isinstance(function, Named) else type(function).__name__
        if name in self.trusted:
            return Made(name)
        if name not in ALLOWED or not isinstance(arguments, Row):
            raise Unjustified(f"a call of {name[:100]}")
        return ALLOWED[name](self, arguments.items) or Made(name)

    def new(self, kind: Value, arguments: Value) -> Made:
        """An object that is made without a call. Raises: Unjustified."""
        name = kind.name if isinstance(kind, Named) else type(kind).__name__
        if name not in self.trusted and not (isinstance(arguments, Row) and not arguments.items):
            raise Unjustified(f"an object of {name[:100]} that is made with arguments")
        return Made(name)

    def build(self, made: Value, state: Value) -> None:
        """Tensors of the first versions of torch are laid out by their state. Raises: Unjustified."""
        if isinstance(made, Made) and made.kind.startswith("torch.") and made.kind.endswith("Tensor"):
            if not isinstance(state, Row):
                raise Unjustified("a tensor without a storage")
            self.lay_out(*state.items[:4])

    def lay_out(self, *parts: Value) -> None:
        """A tensor on a storage: (storage, offset, size, stride), all within it. Raises: Unjustified."""
        if len(parts) != 4 or not isinstance(parts[0], Stored):
            raise Unjustified("a tensor without a storage")
        stored, offset = parts[0], whole(parts[1], "a tensor with the offset")
        sizes, strides = wholes(parts[2], "a tensor with the size"), wholes(parts[3], "a tensor with the stride")
        if len(sizes) != len(strides):
            raise Unjustified(f"a tensor of {len(sizes)} sizes and {len(strides)} strides")
        last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides))
        if all(sizes) and last >= stored.length:
            raise Unjustified(f"a tensor that reaches to element {last:,} of a storage of {stored.length:,}")
        self.write_out(sizes, stored.item)

    def write_out(self, sizes: Sequence[int], item: int) -> None:
        self.written += math.prod(sizes) * item
        if self.written > self.largest:
            raise Unjustified(f"tensors of {self.written:,} bytes, where the file justifies {self.largest:,}")


def _dense(judge: Judge, arguments: Sequence[Value]) -> None:
    judge.lay_out(*arguments[:4])


def _sparse(judge: Judge, arguments: Sequence[Value]) -> None:
    """(layout, (indices, values, size)), with two rows of indices and two more kinds of layout."""
    data = arguments[1].items if len(arguments) == 2 and isinstance(arguments[1], Row) else []
    sizes = next((part for part in data if isinstance(part, Row)), None)
    judge.write_out(wholes(sizes, "a sparse tensor with the size"), _LARGEST_ITEM)


def _without_data(judge: Judge, arguments: Sequence[Value]) -> None:
    judge.write_out(wholes(arguments[1] if len(arguments) > 1 else None, "a tensor with the size"), _LARGEST_ITEM)


def _of_a_class(judge: Judge, arguments: Sequence[Value]) -> None:
    """(function, class, its arguments, state): calls the function."""
    if len(arguments) != 4:
        raise Unjustified("a tensor of another class without its parts")
    judge.call(arguments[0], arguments[2])


def _size(judge: Judge, arguments: Sequence[Value]) -> Row:
    if len(arguments) != 1 or not isinstance(arguments[0], Row):
        raise Unjustified("a size that is not a row of numbers")
    return arguments[0]


def _members(judge: Judge, arguments: Sequence[Value]) -> None:
    """[member, …]"""
    for item in _items(arguments):
        check_key(item)


def _pairs(judge: Judge, arguments: Sequence[Value]) -> None:
    """[(key, value), …]"""
    for item in _items(arguments):
        if not isinstance(item, Row) or len(item.items) != 2:
            raise Unjustified("a mapping of something else than pairs")
        check_key(item.items[0])


def _items(arguments: Sequence[Value]) -> Sequence[Value]:
    if not arguments:
        return ()
    if len(arguments) > 1 or not isinstance(arguments[0], Row):
        raise Unjustified("a container of something else than its members")
    return arguments[0].items


def _bytes(judge: Judge, arguments: Sequence[Value]) -> None:
    """(text, "latin1")."""
    if not (len(arguments) == 2 and isinstance(arguments[0], str) and text(arguments[1]) in _LATIN):
        raise Unjustified("bytes that are not given as a text")


def _array(judge: Judge, arguments: Sequence[Value]) -> None:
    """Bytes; a number would be a length without contents."""
    if len(arguments) == 2:
        _bytes(judge, arguments)
    elif arguments and not (len(arguments) == 1 and isinstance(arguments[0], (Made, bytes))):
        raise Unjustified("a bytearray of a length without contents")


def _plain(judge: Judge, arguments: Sequence[Value]) -> None:
    """Takes no memory but what its arguments have."""


ALLOWED: dict[str, Callable[[Judge, Sequence[Value]], Row | None]] = {
    "torch._utils._rebuild_tensor": _dense,
    "torch._utils._rebuild_tensor_v2": _dense,
    "torch._utils._rebuild_tensor_v3": _dense,
    "torch._utils._rebuild_qtensor": _dense,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_meta_tensor_no_storage": _without_data,
    "torch._utils._rebuild_parameter": _plain,
    "torch._utils._rebuild_parameter_with_state": _plain,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _plain,
    "torch._tensor._rebuild_from_type_v2": _of_a_class,
    "torch.nn.parameter.Parameter": _plain,
    "torch.serialization._get_layout": _plain,
    "torch.Size": _size,
    "torch.device": _plain,
    "collections.OrderedDict": _pairs,
    "collections.Counter": _pairs,
    "builtins.set": _members,
    "builtins.complex": _plain,
    "builtins.bytearray": _array,
    "_codecs.encode": _bytes,
}
