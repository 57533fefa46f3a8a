"""AEDAT 3.1 files, as DVS128 Gesture has them: packets of events, of which single stretches of time are read."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np

from ...errors import InputError
from .frames import EVENT

VERSION, END = b"#!AER-DAT3.1", b"#!END-HEADER"
# Type, source, bytes of an event, where its time stands, how often the 31 bits of time have turned over, room for how
# many events, how many there are, how many of them are valid.
HEAD = struct.Struct("<HHIIIIII")
POLARITY = 1  # the type of packets that hold changes of brightness; others (frames, motion, …) are skipped
PACKED = np.dtype([("data", "<u4"), ("t", "<u4")])
# A packet of polarity events: where the first one stands in the file, how many there are, what their times lack, and
# the times of the first and the last one in µs.
PACKET = np.dtype([("at", "<i8"), ("number", "<i8"), ("overflow", "<i8"), ("first", "<i8"), ("last", "<i8")])


def packets_of(path: Path) -> np.ndarray:
    """The polarity packets of a file that hold events, [packets] of dtype `PACKET`.

    Layout: docs.inivation.com (AEDAT 3.1) and the README of DVS128 Gesture; all numbers are little-endian.

    Raises:
        InputError: the file cannot be read, is not AEDAT 3.1, or ends within a packet.
    """
    found = []
    with mapped(path) as content:
        place = start_of_data(content, path)
        while place < len(content):
            require_whole(place + HEAD.size, content, path)
            kind, _, size, _, overflow, _, number, _ = HEAD.unpack_from(content, place)
            at, place = place + HEAD.size, place + HEAD.size + number * size
            require_whole(place, content, path)
            if kind == POLARITY and number:
                if size != PACKED.itemsize:
                    raise InputError(
                        "polarity events of an unknown size", expected="8 bytes", got=f"{size} bytes", where=str(path)
                    )
                times = np.frombuffer(content[at : at + 8] + content[place - 8 : place], PACKED)["t"]
                found.append((at, number, overflow << 31, *((overflow << 31) + int(t) for t in times)))
    return np.array(found, PACKET)


def read_aedat(path: Path, packets: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The valid events at start ≤ t < stop µs, [N] of dtype `EVENT`.

    Of an event's 32 bits of data, bit 0 says that it is valid, bit 1 is its polarity; then come 15 bits of y, 15 of x.

    Args:
        packets: of the file, from `packets_of`.

    Raises:
        InputError: the file cannot be read any more.
    """
    parts = [np.empty(0, EVENT)]
    with mapped(path) as content:
        for packet in packets[(packets["first"] < stop) & (packets["last"] >= start)]:
            packed = np.frombuffer(content[packet["at"] : packet["at"] + packet["number"] * PACKED.itemsize], PACKED)
            events = np.empty(len(packed), EVENT)
            events["x"], events["y"] = packed["data"] >> 17, packed["data"] >> 2 & 0x7FFF
            events["p"] = packed["data"] >> 1 & 1
            events["t"] = packet["overflow"] + packed["t"]
            parts.append(events[(packed["data"] & 1 == 1) & (events["t"] >= start) & (events["t"] < stop)])
    return np.concatenate(parts)


def mapped(path: Path) -> mmap.mmap:
    """The bytes of a file; only those looked at are read.

    Raises:
        InputError: it cannot be opened, or is empty.
    """
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise InputError("a recording cannot be read", got=str(error), where=str(path)) from error


def start_of_data(content: mmap.mmap, path: Path) -> int:
    """Behind the lines of the header, the first of which tells the version."""
    end = content.find(b"\n", content.find(END)) if content.find(END) >= 0 else -1
    if content[: len(VERSION)] != VERSION or end < 0:
        raise InputError(
            "this is not an AEDAT 3.1 file",
            expected=f"lines of text from {VERSION.decode()} to {END.decode()}",
            got=repr(content[:20]),
            where=str(path),
        )
    return end + 1


def require_whole(place: int, content: mmap.mmap, path: Path) -> None:
    if place > len(content):
        raise InputError(
            "a recording ends within a packet of events",
            expected=f"at least {place:,} bytes",
            got=f"{len(content):,} bytes",
            where=str(path),
            remedy="fetch the file again",
        )
