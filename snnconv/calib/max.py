"""λ = the largest activation seen (Diehl et al. 2015, IJCNN: data-based normalisation)."""

from __future__ import annotations

from torch import Tensor

from .rules import RULES, Rule, Site, no_argument


@RULES.register("max")
def maximum(argument: str = "") -> Rule:
    no_argument("max", argument)

    def rule(site: Site) -> Tensor:
        return site.values.maximum

    return rule
