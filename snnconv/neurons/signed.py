"""Neurons whose spikes are signed binary digits."""

from __future__ import annotations

from typing import ClassVar

from .binary import BinaryWeighted
from .codes import Code
from .registry import NEURONS


@NEURONS.register("signed")
class SignedDigit(BinaryWeighted):
    """The same whole numbers, sent as signed digits: spikes of ±2^i, as few as can be.

    7 = 8 − 1 is two spikes where binary takes three. k costs the digits of its non-adjacent form that are not 0: two
    neighbours are never both set, so that at most ⌈(n+1)/2⌉ of n + 1 lines fire, on average a third (Reitwiesner 1960,
    Adv. in Computers 1: 231-308).

    Source: this project, after H-MT.
    """

    code: ClassVar[Code] = "signed"
