"""The result of a run over model zoos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from ..documents import Steps
from ..files import write_text
from ..measure.result import Result
from .record import Network

PAGE = "coverage.md"


@dataclass(frozen=True)
class Coverage(Result):
    """The networks that were tried, in the order of the run.

    Attributes:
        T: the last time step, at which errors are held against limits.
    """

    NAME: ClassVar[str] = "coverage"
    PICTURE = "snnconv.plots.coverage.plot_coverage"  # the error of every network over time steps, both logarithmic

    networks: list[Network]
    T: Steps
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether every check of every network held."""
        return all(network.held for network in self.networks)

    def table(self) -> Iterable[dict[str, Any]]:
        """One row for every network."""
        for network in self.networks:
            whole = asdict(network)
            row = {key: value for key, value in whole.items() if not isinstance(value, (list, dict))}
            errors = {f"error_{T}": network.snn_error.get(T) for T in steps_of(self)}
            yield {**row, "held": network.held, "missed": "; ".join(network.missed), **errors}

    def save(
        self, folder: str | PathLike[str], also: Mapping[str, Callable[[Path], object]] | None = None
    ) -> list[Path]:
        """The page `coverage.md` too."""
        from .page import page

        return super().save(folder, {**(also or {}), PAGE: lambda path: write_text(path, page(self))})


def steps_of(result: Coverage) -> list[int]:
    """The time steps at which any network has an error."""
    return sorted({T for network in result.networks for T in network.snn_error})
