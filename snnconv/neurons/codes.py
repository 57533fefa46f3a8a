"""What a spike of magnitude k costs: how many events it is on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Code = Literal["unary", "binary", "signed"]


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
    if spikes.dtype != torch.uint8 or code != "unary":  # which cost what they are; |−128| is no int8
        spikes = events(spikes if spikes.is_floating_point() else spikes.float(), code)
    return spikes.sum(1, dtype=torch.float32).reshape(len(spikes), -1).double()


def ones(spikes: Tensor) -> Tensor:
    """Number of 1 bits of |k|, for |k| < 2^31."""
    return population(spikes.abs().to(torch.int64)).to(spikes.dtype)


def digits(spikes: Tensor) -> Tensor:
    """Digits other than 0 in the non-adjacent form of k, |k| < 2^29: the 1 bits of k XOR 3k.

    Source: Reitwiesner 1960, Binary arithmetic, Advances in Computers 1: 231-308. 3k − k = 2k, digit by digit.
    """
    magnitude = spikes.abs().to(torch.int64)
    return population(magnitude ^ (3 * magnitude)).to(spikes.dtype)


def population(bits: Tensor) -> Tensor:
    """1 bits of whole numbers below 2^31: sums of neighbours, of pairs, of fours, of bytes; no look at values."""
    bits = bits - ((bits >> 1) & 0x55555555)
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F
    return (bits + (bits >> 8) + (bits >> 16) + (bits >> 24)) & 0x3F


CODES: dict[Code, Callable[[Tensor], Tensor]] = {"unary": torch.abs, "binary": ones, "signed": digits}
