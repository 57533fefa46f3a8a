"""The leaky integrate-and-fire neuron with a time constant that is set."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .direct import DIRECT, Direct


@DIRECT.register("lif")
class LIF(Direct):
    """LIF neuron: m = v + (x − v)/τ;  s = 1 if m ≥ θ else 0;  v ← m(1 − s), or m − θs.

    Args:
        tau: τ ≥ 1 in steps; 1 forgets everything at once.
        options: threshold θ, reset, detach, surrogate and its alpha, as in `Direct`.

    Raises:
        InputError: τ < 1, or an unknown reset or surrogate.
    """

    def __init__(self, tau: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        if not tau >= 1:
            raise InputError("the time constant is out of range", expected="τ ≥ 1 step", got=repr(tau))
        self.tau = float(tau)

    @property
    def leak(self) -> float:
        return 1 / self.tau

    def extra_repr(self) -> str:
        return f"tau={self.tau:g}, {super().extra_repr()}"
