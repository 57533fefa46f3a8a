"""λ = the ceiling of the ANN's own clip (Opt, QCFS and SDM train it; ReLU6 fixes it), or the last of its levels."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError
from .rules import RULES, Rule, Site, no_argument

SAME = 1e-3  # of a level, which a value on it may be off


@RULES.register("learned")
def learned(argument: str = "") -> Rule:
    no_argument("learned", argument)

    def rule(site: Site) -> Tensor:
        if site.ceiling is None and site.step is not None:  # levels without an end: those that calibration saw
            return (site.values.maximum / site.step - SAME).ceil().clamp(min=1) * site.step
        if site.ceiling is None:
            raise InputError(
                "threshold='learned' needs an activation with a clip",
                where=f"site {site.name}, a plain ReLU",
                remedy="use a calibrated rule: percentile:99.9, max or mse",
            )
        return torch.as_tensor(site.ceiling).flatten()

    return rule
