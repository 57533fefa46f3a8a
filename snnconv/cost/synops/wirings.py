"""The wirings of one network at several sizes of its inputs."""

from __future__ import annotations

from ...network import SpikingNetwork
from .parts import Connectivity
from .walk import wiring

Size = tuple[tuple[int, ...], ...]  # shapes of one sample, for each input
MOST_HELD = 2**26  # fan-outs, of 8 bytes each


class Wirings:
    """The wirings of a network at the sizes that it is run with, each found when it is first asked for.

    Fan-outs of many sizes do not fit into memory: those of the first sizes make room for others.
    """

    def __init__(self, snn: SpikingNetwork) -> None:
        self._snn = snn
        self._kept: dict[Size, Connectivity] = {}

    def at(self, size: Size) -> Connectivity:
        if size not in self._kept:
            self._kept[size] = wiring(self._snn, size)
            while len(self._kept) > 1 and sum(map(held_by, self._kept.values())) > MOST_HELD:
                del self._kept[next(iter(self._kept))]
        return self._kept[size]


def held_by(wired: Connectivity) -> int:
    return sum(synapse.fan_out.numel() for synapse in wired.synapses)
