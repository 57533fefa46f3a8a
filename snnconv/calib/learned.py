"""λ = the ceiling of the ANN's own clip (Opt, QCFS and SDM train it; ReLU6 fixes it)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError
from .rules import RULES, Rule, Site, no_argument


@RULES.register("learned")
def learned(argument: str = "") -> Rule:
    no_argument("learned", argument)

    def rule(site: Site) -> Tensor:
        if site.ceiling is None:
            raise InputError(
                "threshold='learned' needs an activation with a clip",
                where=f"site {site.name}, a plain ReLU",
                remedy="use a calibrated rule: percentile:99.9, max or mse",
            )
        return torch.as_tensor(site.ceiling).flatten()

    return rule
