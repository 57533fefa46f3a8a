"""λ that minimises the squared error of clip-floor, as SNN calibration finds it (Li et al., ICML 2021)."""

from __future__ import annotations

import torch
from torch import Tensor

from .rules import RULES, Rule, Site, at_T, no_argument

CANDIDATES = 95  # λ = max·(1 − 0.01·i)


@RULES.register("clip-floor")
def clip_floor(argument: str = "") -> Rule:
    """min over λ of Σ (x − Q(x))², Q(x) = ⌊clip(xT/θ, 0, βT)⌋·θ/T, θ = αλ, for λ = max·(1 − 0.01·i), i = 0 … 94.

    The error is that of plain rounding down, although the calibrated neuron rounds to nearest, by its current θ/(2T):
    so it is in the authors' own program, and it makes λ smaller than `mse` does.
    """
    no_argument("clip-floor", argument)

    @at_T
    def rule(site: Site) -> Tensor:
        x, weight = site.values.centres, site.values.counts
        best = torch.full_like(site.values.maximum, float("inf"), dtype=torch.float64)
        chosen = site.values.maximum.clone()
        for i in range(CANDIDATES):
            threshold = site.values.maximum.double() * (1 - i / 100)
            quantum = (site.scale * threshold / site.T).clamp(min=1e-30)[:, None]
            quantised = (x / quantum).clamp_(0, site.levels * site.T).floor_() * quantum
            error = (weight * (x - quantised) ** 2).sum(1)
            better = error < best
            best, chosen = torch.where(better, error, best), torch.where(better, threshold.float(), chosen)
        return chosen

    return rule
