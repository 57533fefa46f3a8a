"""Local threshold balancing: λ grows by what exceeds it (Bu et al., CVPR 2025)."""

from __future__ import annotations

import torch
from torch import Tensor

from .rules import RULES, Rule, Site, no_argument

ITERATIONS = 1000
RATE = 2.0


@RULES.register("ltb")
def local_threshold_balancing(argument: str = "") -> Rule:
    """λ ← λ + 2·mean((x − λ)·1[x > λ]), 1000 times from 0.

    The published rule takes a batch of training images for every iteration. Here the mean is that over the whole
    calibration set, from its histogram: the same iteration without the noise of the batches, in one pass over the data.
    λ stays below the maximum, which it approaches the more slowly the fewer values are above it.
    """
    no_argument("ltb", argument)

    def rule(site: Site) -> Tensor:
        x, counts = site.values.centres, site.values.counts
        weight = counts / counts.sum(1, keepdim=True)
        threshold = torch.zeros_like(x[:, :1])
        for _ in range(ITERATIONS):
            threshold = threshold + RATE * (weight * (x - threshold).clamp(min=0)).sum(1, keepdim=True)
        return torch.minimum(threshold[:, 0].float(), site.values.maximum)

    return rule
