"""λ = the largest activation seen (Diehl et al. 2015, IJCNN: data-based normalisation).

Where all spikes of a step together are less than λ (α·β < 1; n digits of `mt` are (2ⁿ − 1)/2ⁿ of it) λ is larger by so
much that they are the largest activation: nothing is cut.
"""

from __future__ import annotations

from torch import Tensor

from .rules import RULES, Rule, Site, no_argument

SAME = 1e-6  # of λ, by which α·β may miss 1


@RULES.register("max")
def maximum(argument: str = "") -> Rule:
    no_argument("max", argument)

    def rule(site: Site) -> Tensor:
        reached = site.scale * site.levels  # by the spikes of one step, in units of λ
        return site.values.maximum if reached > 1 - SAME else site.values.maximum / reached

    return rule
