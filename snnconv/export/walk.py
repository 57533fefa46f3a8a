"""The walk over a graph that gathers refusals on its way."""

from __future__ import annotations

from typing import Protocol, TypeVar

import torch

from .format import Refusal


class Gathering(Protocol):
    refused: list[Refusal]

    def run(self, *args: object) -> object: ...


G = TypeVar("G", bound=Gathering)


def walked(walk: G) -> G:
    """The interpreter once it has run; what follows a place that was refused may have no shape."""
    try:
        with torch.no_grad():
            walk.run(None)
    except (RuntimeError, ValueError, IndexError):
        if not walk.refused:
            raise
    return walk
