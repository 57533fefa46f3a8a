"""How well an exported file does what the network does: measured where it runs, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..measure.result import Result

TOLERANCE = 1e-4  # relative L2 of float networks: sums are rounded in another order
FLIPS = 2e-2  # where a potential next to its threshold fires a step earlier or later


@dataclass(frozen=True)
class Export(Result):
    """One exported network.

    Attributes:
        to: the format. sha256: of every file that was written, by name.
        runtime: what it was run with.
        errors: ‖mean of the first t outputs − that of `snn.run`‖/‖that of `snn.run`‖, t = 1 … T.
        largest: the largest difference of one output.
        spikes: {site: spikes of every step} of the network; ran: those that the exported file told.
        synops: synaptic operations of the network; ran_synops: those that the exported file counted.
        whole: whether the network is one of whole numbers, whose errors have to be 0.
        silent: whether every output of the network is 0, so that nothing is shown by them.
        accuracy: of the ANN, the network and the exported file at T, as fractions, where the data have labels.
        notes: about the format, in words.
    """

    NAME: ClassVar[str] = "export"
    PICTURE = "snnconv.plots.export.plot_export"

    to: str
    sha256: dict[str, str]
    runtime: str
    T: int
    samples: int
    data: str
    errors: list[float]
    largest: float
    whole: bool
    silent: bool = False
    spikes: dict[str, list[int]] = field(default_factory=dict)
    ran: dict[str, list[int]] | None = None
    synops: int | None = None
    ran_synops: int | None = None
    accuracy: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether it does what the network does: to the bit if that is whole, else within rounding."""
        same = self.ran is None or self.ran == self.spikes
        counted = self.ran_synops is None or self.ran_synops == self.synops
        return (not self.largest and same and counted) if self.whole else max(self.errors, default=0.0) <= FLIPS

    @property
    def verdict(self) -> str:
        """One sentence."""
        where = f"{self.runtime}, {self.samples} samples, T = {self.T}"
        if self.silent:
            return f"compared, but every output of the network is 0 ({where})"
        if self.whole:
            told = self.ran_synops is not None and self.ran_synops == self.synops
            counted = " and the same operations" if told else ""
            return f"equal to the bit{counted} ({where})" if self.holds else f"NOT equal to the bit ({where})"
        worst = max(self.errors, default=0.0)
        if worst <= TOLERANCE:
            return f"the same within rounding, {worst:.1e} at most ({where})"
        if worst <= FLIPS:
            return f"the same but for spikes at their threshold, {worst:.1e} at most ({where})"
        return f"NOT the same: {worst:.1e} ({where})"

    def table(self) -> list[dict[str, Any]]:
        return [{"T": t, "error": error} for t, error in enumerate(self.errors, 1)]


def sums(spikes: Mapping[str, Any]) -> dict[str, list[int]]:
    return {site: [int(value) for value in steps] for site, steps in spikes.items()}
