"""λ = a high percentile of the activations (Rueckauer et al. 2017, Front. Neurosci. 11:682, robust normalisation)."""

from __future__ import annotations

from torch import Tensor

from ..errors import InputError
from .rules import RULES, Rule, Site


@RULES.register("percentile")
def percentile(argument: str = "") -> Rule:
    """`percentile:P`, P in (0, 100]; 99.9 where none is given. Zeros of the ReLU count."""
    try:
        percent = float(argument) if argument else 99.9
    except ValueError:
        percent = float("nan")
    if not 0 < percent <= 100:
        raise InputError("not a percentile", expected="percentile:P with P in (0, 100]", got=f"percentile:{argument}")

    def rule(site: Site) -> Tensor:
        return site.values.quantile(percent / 100)

    return rule
