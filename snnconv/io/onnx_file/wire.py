"""Bounds what parsing an ONNX file can cost, from its bytes alone.

A protobuf message of two bytes becomes an object of hundreds: a file of nothing but empty nodes takes a hundred times
its size in memory. Numbers do not grow so, and honest files are nearly all numbers. So what is not numbers is counted
first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ...errors import InputError

LARGEST_STRUCTURE = 24 * 2**20  # bytes that are not tensors' numbers; a network of 10,000 nodes has about two million
MOST_FIELDS = 500_000  # of graphs and their nodes; the same network has about a hundred thousand
DEEPEST = 90  # messages inside messages; protobuf itself takes a hundred

# Fields that hold messages which can hold tensors, by number: ModelProto.graph → GraphProto → …
_LEVELS: dict[str, dict[int, str]] = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph"},
}
_NUMBERS = {
    4,
    5,
    7,
    9,
    10,
    11,
}  # float_data, int32_data, int64_data, raw_data, double_data, uint64_data of a TensorProto


class Malformed(Exception):
    """The bytes are not a protobuf message."""


def check_structure(data: bytes, where: str) -> None:
    """Refuse a file whose structure, tensors' numbers apart, is too large.

    Raises:
        InputError: so it is, or the bytes are not a protobuf message.
    """
    try:
        size = _structure(memoryview(data), "model", DEEPEST, itertools.count())
    except TooMany:
        size = len(data)
    except Malformed as error:
        raise InputError(
            "the ONNX file is cut short or damaged", got=str(error), where=where, remedy="download or copy it again"
        ) from error
    else:
        if size <= LARGEST_STRUCTURE:
            return
    raise InputError(
        "the ONNX file describes more than a network",
        expected=f"at most {LARGEST_STRUCTURE:,} bytes beside its weights, and {MOST_FIELDS:,} fields, no deep nesting",
        got=f"{size:,} bytes",
        where=where,
    )


class TooMany(Exception):
    """More fields than any network has, or graphs deeper inside graphs."""


def _structure(data: memoryview, level: str, depth: int, counter: Iterator[int]) -> int:
    """Bytes of a message that are not tensors' numbers, at least."""
    if depth == 0:
        raise TooMany  # graphs inside graphs
    size = len(data)
    if size < 64 and level != "model":
        return size  # too short to hold numbers worth finding
    below = _LEVELS.get(level, {})
    for number, content in fields(data):
        if next(counter) > MOST_FIELDS:
            raise TooMany
        if content is None:
            continue
        if level == "tensor":
            size -= len(content) if number in _NUMBERS else 0
        elif number in below:
            size -= len(content) - _structure(content, below[number], depth - 1, counter)
    return size


def fields(data: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """The fields of a message: its number, and its bytes where it has a length.

    Raises:
        Malformed: a length goes beyond the end, or a type of field is unknown.
    """
    place, end = 0, len(data)
    while place < end:
        tag, place = _varint(data, place)
        kind, content = tag & 7, None
        if kind == 0:
            _, place = _varint(data, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        elif kind == 2:
            length, place = _varint(data, place)
            content = data[place : place + length]
            place += length
        else:
            raise Malformed(f"a field of type {kind}")
        if place > end:
            raise Malformed("a field that is longer than the file")
        yield tag >> 3, content


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A number in base 128, lowest digits first, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise Malformed("it ends in the middle of a number")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise Malformed("a number of more than ten digits")
