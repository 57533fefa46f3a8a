"""How a paper adds operations up: which layers it counts how often, and as what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ....registry import Registry
from ...synops.running import NetworkRun


@dataclass(frozen=True)
class PaperEnergy:
    """Operations of one sample by layer, as a paper counts them.

    Attributes:
        name: "as published" or another. right: whether the arithmetic holds.
        why: one sentence that says what it does, and what is wrong with it.
        ann: of the ANN; empty where the paper has none. macs, acs: of the spiking network.
    """

    name: str
    right: bool
    why: str
    ann: dict[str, float]
    macs: dict[str, float]
    acs: dict[str, float]


Accounting = Callable[[nn.Module, NetworkRun], list[PaperEnergy]]  # no bills for networks that the paper is not about
ACCOUNTINGS: Registry[Accounting] = Registry("accounting")


def bills_of(model: nn.Module, run: NetworkRun) -> list[PaperEnergy]:
    """All that papers say of a run of the network; none for networks that no paper here is about."""
    return [bill for name in ACCOUNTINGS for bill in ACCOUNTINGS[name](model, run)]
