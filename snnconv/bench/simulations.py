"""What a sweep simulates: each setting once for its longest T, or once for every T if its set-up depends on T."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..network import SpikingNetwork
from ._grid import Grid

Networks = Mapping[str, SpikingNetwork | Callable[[], SpikingNetwork]]


@dataclass(frozen=True)
class Simulation:
    """One network, run once for the longest of `steps`; the shorter ones are prefixes of that run.

    Attributes:
        setting: the curve that its rows belong to.
        name: unique in the sweep; it stands in the journal.
        steps: increasing.
        network: ready, or what makes it.
    """

    setting: str
    name: str
    steps: tuple[int, ...]
    network: SpikingNetwork | Callable[[], SpikingNetwork]

    def made(self) -> SpikingNetwork:
        return self.network if isinstance(self.network, SpikingNetwork) else self.network()


def simulations(networks: Networks, steps: tuple[int, ...]) -> list[Simulation]:
    """In the order of the settings.

    Only a `Grid` knows how to convert for another T; a network that was made elsewhere is measured as it is.
    """
    found: list[Simulation] = []
    for label, network in networks.items():
        if isinstance(networks, Grid) and networks.settings[label].at_T:
            found += [Simulation(label, f"{label} set up for T={t}", (t,), networks.maker(label, t)) for t in steps]
        else:
            found.append(Simulation(label, label, steps, network))
    return found
