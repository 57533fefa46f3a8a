"""`rnl`: the rate norm layer, whose threshold follows the largest activations."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from .clip import clipped
from .registry import CLIPS, LEAST, Clip

MOMENTUM = 0.1  # as BatchNorm's
HIGHEST = 0.99  # of the running maximum, so that σ(scale) stays where it has a gradient


@CLIPS.register("rnl")
class RateNorm(Clip):
    """clip(relu(x)/λ, 0, 1) · λ with λ = σ(scale) · p, p the running maximum of the activations.

    In training p ← (1 − m)p + m·max(x), as BatchNorm keeps its statistics; `scale` is learned. ∂/∂λ = 1 where x ≥ λ,
    as for `clip`, and reaches `scale` through the sigmoid.

    Source: Ding et al., "Optimal ANN-SNN conversion for fast and accurate inference in deep spiking neural networks",
    IJCAI 2021, Eqs. 8 and 9.
    """

    peak: Tensor

    def __init__(self, threshold: Tensor | float, peak: Tensor | None = None) -> None:
        super().__init__(threshold)
        start = self.threshold.detach()
        del self.threshold
        highest = start / HIGHEST if peak is None else torch.maximum(peak.detach().float(), start / HIGHEST)
        self.register_buffer("peak", highest)
        self.scale = nn.Parameter(torch.logit(start / highest))

    @classmethod
    def fitted(cls, threshold: Tensor, maximum: Tensor, **options: Any) -> Self:
        return cls(threshold, maximum.to(threshold).view_as(threshold), **options)

    @classmethod
    def blank(cls, state: dict[str, Tensor], **options: Any) -> Self:
        module = cls(torch.ones_like(state["scale"]), **options)
        module.load_state_dict(state)
        return module

    def learned(self) -> Tensor:
        value = torch.sigmoid(self.scale) * self.peak
        return value + (value.clamp(min=LEAST) - value).detach()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self._follow(x.detach().float())
        return clipped(x, self.like(x))

    @torch.no_grad()
    def _follow(self, x: Tensor) -> None:
        shared = [d + 1 for d, size in enumerate(self.peak.shape) if size == 1]  # channels, if any, keep their own
        largest = x.amax((0, *shared), keepdim=True)[0] if self.peak.dim() else x.amax()
        self.peak.lerp_(largest.clamp(min=0).to(self.peak), MOMENTUM)
