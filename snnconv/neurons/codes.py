"""What a spike of magnitude k costs: how many events it is on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Code = Literal["unary", "binary", "signed"]
TABLE = 2**17  # magnitudes looked up, at most


def events(spikes: Tensor, code: Code = "unary") -> Tensor:
    """Events of whole spikes, elementwise, in their own type.

    |k| ("unary"), the 1 bits of |k| ("binary") or the digits other than 0 of its non-adjacent form ("signed").

    Negative spikes cost the same as positive ones. "unary" is a burst of k unit spikes; "binary" is one spike per power
    of two, for neurons whose spikes carry binary weights; "signed" is one spike for each ±2^i of the shortest sum.
    """
    return CODES[code](spikes)


def events_per_neuron(spikes: Tensor, code: Code = "unary") -> Tensor:
    """Events summed over the batch: whole spikes [steps, B, …] → float64 [steps, neurons].

    Whole numbers are exact in float32 to 2^24 events of one neuron in one step, which no batch comes near; summing the
    batch first is twice as fast as summing everything in float64.
    """
    return events(spikes, code).sum(1, dtype=torch.float32).reshape(len(spikes), -1).double()


def ones(spikes: Tensor) -> Tensor:
    """Number of 1 bits of |k|."""
    return looked_up(spikes, _ones)


def digits(spikes: Tensor) -> Tensor:
    """Digits other than 0 in the non-adjacent form of k: the 1 bits of k XOR 3k.

    Source: Reitwiesner 1960, Binary arithmetic, Advances in Computers 1: 231-308. 3k − k = 2k, digit by digit.
    """
    return looked_up(spikes, _digits)


def looked_up(spikes: Tensor, count: Callable[[Tensor], Tensor]) -> Tensor:
    """`count` of |k|, from a table where it reaches: bit by bit it is ten passes over memory."""
    magnitude = spikes.abs().to(torch.int32)
    largest = int(magnitude.max()) if spikes.numel() else TABLE
    if largest >= TABLE:
        return count(magnitude.to(torch.int64)).to(spikes.dtype)
    table = count(torch.arange(largest + 1, device=spikes.device)).to(spikes.dtype)
    return table.index_select(0, magnitude.flatten()).view_as(spikes)


def _ones(magnitude: Tensor) -> Tensor:
    rest, total = magnitude.clone(), torch.zeros_like(magnitude)
    while bool(rest.any()):
        total += rest & 1
        rest >>= 1
    return total


def _digits(magnitude: Tensor) -> Tensor:
    return _ones(magnitude ^ (3 * magnitude))


CODES: dict[Code, Callable[[Tensor], Tensor]] = {"unary": torch.abs, "binary": ones, "signed": digits}
