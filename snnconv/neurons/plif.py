"""The parametric leaky integrate-and-fire neuron, whose time constant is learned with the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .direct import DIRECT, Direct


@DIRECT.register("plif")
class PLIF(Direct):
    """LIF neuron with 1/τ = sigmoid(w), one w for the whole layer: τ stays above 1 whatever is learned.

    Args:
        tau: τ > 1 to begin with, in steps.
        options: threshold θ, reset, detach, surrogate and its alpha, as in `Direct`.

    Raises:
        InputError: τ ≤ 1, or an unknown reset or surrogate.

    Source: Fang et al., "Incorporating learnable membrane time constant to enhance learning of spiking neural
    networks", ICCV 2021, Eq. 8.
    """

    def __init__(self, tau: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        if not tau > 1:
            raise InputError("the time constant is out of range", expected="τ > 1 step", got=repr(tau))
        self.w = nn.Parameter(torch.tensor(-math.log(tau - 1)))

    @property
    def leak(self) -> Tensor:
        return self.w.sigmoid()

    @property
    def tau(self) -> float:
        """τ as it is now, in steps."""
        return float(1 / self.w.detach().sigmoid())

    def extra_repr(self) -> str:
        return f"tau={self.tau:.4g}, {super().extra_repr()}"
