"""λ that minimises the squared error of the neuron's own quantisation (after Li et al., ICML 2021, Eq. 12).

The neuron of step θ = αλ, at most β spikes a step, over T steps represents Q(x) = clip(⌊xT/θ + ½⌋, 0, βT)·θ/T.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .rules import RULES, Rule, Site, at_T, no_argument

CANDIDATES = 100  # λ = max·i/100


@RULES.register("mse")
def least_squares(argument: str = "") -> Rule:
    no_argument("mse", argument)

    @at_T
    def rule(site: Site) -> Tensor:
        x, weight = site.values.centres, site.values.counts
        best = torch.full_like(site.values.maximum, float("inf"), dtype=torch.float64)
        chosen = site.values.maximum.clone()
        for i in range(1, CANDIDATES + 1):
            threshold = site.values.maximum.double() * i / CANDIDATES
            quantum = (site.scale * threshold / site.T).clamp(min=1e-30)[:, None]
            quantised = (x / quantum + 0.5).floor_().clamp_(0, site.levels * site.T) * quantum
            error = (weight * (x - quantised) ** 2).sum(1)
            better = error <= best
            best, chosen = torch.where(better, error, best), torch.where(better, threshold.float(), chosen)
        return chosen

    return rule
