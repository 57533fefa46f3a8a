"""`qcfs`: quantisation clip-floor-shift, L equal levels."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from .registry import CLIPS, Clip, require_positive
from .staircase import staircase


@CLIPS.register("qcfs")
class ClipFloorShift(Clip):
    """λ · clip(⌊xL/λ + ½⌋/L, 0, 1) with a straight-through floor.

    An integrate-and-fire neuron of threshold λ with v(0) = λ/2 gives exactly that after T = L steps of constant input.

    Args:
        levels: L; 4 and 8 in the paper's tables of CIFAR-10, 8 for ImageNet.

    Source: Bu et al., "Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency SNNs", ICLR 2022, Eq. 15.
    Its λ starts at 8 (`init=8`).
    """

    OPTIONS: ClassVar[dict[str, Any]] = {"levels": 4}

    def __init__(self, threshold: Tensor | float, levels: int = 4) -> None:
        require_positive(levels=levels)
        super().__init__(threshold)
        self.levels = int(levels)

    def forward(self, x: Tensor) -> Tensor:
        return staircase(x, self.learned() / self.levels, self.levels)
