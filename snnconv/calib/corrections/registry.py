"""Passes that correct a spiking network after its thresholds are set: one a file, one registration each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from ...registry import Registry

if TYPE_CHECKING:
    from ...network import SpikingNetwork

# (network, samples as flat input leaves in batches, T) → a corrected network; the one given stays as it is.
Pass = Callable[["SpikingNetwork", Sequence[tuple[Tensor, ...]], int], "SpikingNetwork"]


TRACKING = "their neurons track a function, and a current in front of it would be another's error"


@dataclass(frozen=True)
class Correction:
    """A named correction.

    Attributes:
        summary: what it sets. run: the pass.
        at_T: whether what it sets depends on T, so that every T needs a conversion of its own.
        leaves: why it may leave a site as it is.
    """

    summary: str
    run: Pass
    at_T: bool = True
    leaves: str = TRACKING

    def __call__(self, snn: SpikingNetwork, samples: Sequence[tuple[Tensor, ...]], T: int) -> SpikingNetwork:
        return self.run(snn, samples, T)


CORRECTIONS: Registry[Correction] = Registry("correction")


def correction(name: str, summary: str, *, at_T: bool = True, leaves: str = TRACKING) -> Callable[[Pass], Pass]:
    """Decorator: register a pass under `name`."""

    def add(run: Pass) -> Pass:
        CORRECTIONS.register(name)(Correction(summary, run, at_T, leaves))
        return run

    return add
