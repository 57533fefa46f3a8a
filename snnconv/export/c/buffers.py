"""Where values lie: every element of every buffer has an address, so that what only moves values can be traced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

Kind = Literal["state", "sample", "step"]
BITS = {"int8_t": 8, "int16_t": 16, "int32_t": 32}


@dataclass
class Buffer:
    """An array of the program.

    Attributes:
        kind: of the state (kept from step to step), made once a sample, or within a step, where memory is shared.
        base: address of the first element.
        first, last: places of the statements that write it first and read it last.
        is_spikes: whether events are told of it, for counting operations.
    """

    name: str
    ctype: str
    size: int
    kind: Kind
    base: int
    first: int = 0
    last: int = 0
    is_spikes: bool = False

    @property
    def bytes(self) -> int:
        return self.size * BITS[self.ctype] // 8


@dataclass
class Memory:
    """All buffers; address 0 is a zero that nobody writes."""

    buffers: list[Buffer] = field(default_factory=list)
    end: int = 1

    def new(self, name: str, ctype: str, size: int, kind: Kind, place: int, *, spikes: bool = False) -> Buffer:
        made = Buffer(name, ctype, size, kind, self.end, place, place, spikes)
        self.buffers.append(made)
        self.end += size
        return made

    def owners(self, addresses: Tensor) -> list[Buffer]:
        """The buffers that hold them."""
        found = addresses[addresses > 0].unique()
        return [b for b in self.buffers if bool(((found >= b.base) & (found < b.base + b.size)).any())]

    def whole(self, addresses: Tensor) -> Buffer | None:
        """The buffer that these are, element by element; None: they are moved, or parts."""
        flat = addresses.flatten()
        owners = self.owners(flat)
        if len(owners) == 1 and len(flat) == owners[0].size:
            straight = torch.arange(owners[0].base, owners[0].base + owners[0].size)
            return owners[0] if torch.equal(flat, straight) else None
        return None


def placed(buffers: list[Buffer]) -> tuple[dict[str, int], int]:
    """{name: offset} of buffers of one type that live within a step, and how long their arena is: first fit."""
    offsets: dict[str, int] = {}
    for buffer in sorted(buffers, key=lambda b: -b.size):
        taken = sorted(
            (offsets[other.name], offsets[other.name] + other.size)
            for other in buffers
            if other.name in offsets and other.first <= buffer.last and buffer.first <= other.last
        )
        at = 0
        for begin, end in taken:
            if begin - at >= buffer.size:
                break
            at = max(at, end)
        offsets[buffer.name] = at
    return offsets, max((offsets[b.name] + b.size for b in buffers), default=0)
