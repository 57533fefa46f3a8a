"""The passes that correct a spiking network after its thresholds are set: one a file, one registration each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ...methods.corrections import CORRECTIONS, TRACKING, Correction
from ...network import SpikingNetwork

# (network, samples as flat input leaves in batches, T) → a corrected network; the one given stays as it is.
Pass = Callable[[SpikingNetwork, Sequence[tuple[Tensor, ...]], int], SpikingNetwork]
PASSES: dict[str, Pass] = {}


def correction(
    name: str, summary: str | None = None, *, at_T: bool = True, leaves: str = TRACKING
) -> Callable[[Pass], Pass]:
    """Decorator: the pass of the correction `name`.

    Args:
        summary, at_T, leaves: of a new one, as `Correction` has them; those of snnconv have their row there.
    """

    def add(run: Pass) -> Pass:
        if summary is not None:
            CORRECTIONS.register(name)(Correction(summary, at_T, leaves))
        CORRECTIONS[name]  # without a row it could not be chosen
        PASSES[name] = run
        return run

    return add
