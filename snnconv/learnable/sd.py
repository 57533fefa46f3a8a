"""`sd`: what an SD neuron can reach in T steps, so that the weights learn to live with it."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from ..neurons.sd import check_sd_options
from .registry import CLIPS, Clip, require_positive
from .staircase import staircase


@CLIPS.register("sd")
class ScalableDualThresholdLevels(Clip):
    """θ/T · clip(⌊Tx/θ + ½⌋, 0, βT) with θ = αλ and a straight-through floor.

    These are the means over T steps of the SD neuron's output for a constant input x: it starts at v(0) = θ/2, fires at
    most β spikes of θ a step, and keeps what is left. Train with the α, β and T that the network will run with.

    With α = β = 1 it is `qcfs` with L = T. Where αβ = 1, as in the published pairs, it rises to λ, else to αβλ.

    Source: this project; the neuron is that of You et al., IEEE TCDS 2024, Eqs. 8 and 11, the gradients are those of
    Bu et al., ICLR 2022.
    """

    OPTIONS: ClassVar[dict[str, Any]] = {"alpha": 0.2, "beta": 5, "T": 4}

    def __init__(self, threshold: Tensor | float, alpha: float = 0.2, beta: int = 5, T: int = 4) -> None:
        check_sd_options(alpha, beta, 0, "memory", "threshold")
        require_positive(T=T)
        super().__init__(threshold)
        self.alpha, self.beta, self.T = float(alpha), int(beta), int(T)

    def forward(self, x: Tensor) -> Tensor:
        return staircase(x, self.learned() * (self.alpha / self.T), self.beta * self.T)
