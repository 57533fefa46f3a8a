"""What a measurement of robustness gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...documents import Count, Percent, Steps
from ...measure.result import Result

CLEAN = "none"  # the kind of noise of the row without any


@dataclass(frozen=True)
class NoiseRow:
    """Top-1 accuracy in % of a network under noise of a kind and level, as told in `noise.py`."""

    network: str
    noise: str
    level: float
    accuracy: Percent


@dataclass(frozen=True)
class Robustness(Result):
    """Accuracy against noise, the same noise for every network.

    Attributes:
        rows: for each network one without noise, then those with; the converted network first, then its ANN.
        clipped: whether noisy values were brought back into the range of the sample before.
        T: time steps of the converted network, None where there is none.
        settings: of the conversion; empty where there was none.
    """

    NAME: ClassVar[str] = "robustness"
    PICTURE = "snnconv.plots.robustness.plot_robustness"  # one panel a kind of noise, one line a network

    rows: list[NoiseRow]
    clipped: bool
    samples: Count
    data: str
    T: Steps | None
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def networks(self) -> list[str]:
        return list(dict.fromkeys(row.network for row in self.rows))

    @property
    def kinds(self) -> list[str]:
        """The kinds of noise that there are."""
        return list(dict.fromkeys(row.noise for row in self.rows if row.noise != CLEAN))

    def accuracy(self, network: str, noise: str = CLEAN, level: float = 0.0) -> float:
        """One row's; without noise where none is named."""
        wanted = (network, noise, level)
        return next(row.accuracy for row in self.rows if (row.network, row.noise, row.level) == wanted)

    def table(self) -> list[dict[str, Any]]:
        """The rows, each with what it is above or below the network's accuracy without noise, in points."""
        return [{**vars(row), "change": round(row.accuracy - self.accuracy(row.network), 6)} for row in self.rows]
