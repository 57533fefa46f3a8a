"""Corrections are made for neurons that integrate: those that track a function are left as they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import snnconv
from snnconv.methods.corrections import CORRECTIONS


@pytest.mark.parametrize("correction", list(CORRECTIONS))
def test_only_the_relu_is_corrected(correction: str) -> None:
    parts = (nn.Linear(4, 32), nn.SiLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
    options = {"method": "if", "corrections": [correction]}
    options["threshold"] = "percentile:80"  # so much is cut off that every correction helps, however a machine rounds
    snn = snnconv.convert(nn.Sequential(*parts).eval(), 2, data=[3 * torch.randn(64, 4)], **options)
    tracked, integrating = snn.plan.sites["1"], snn.plan.sites["3"]
    assert (tracked.neuron, integrating.neuron) == ("tracking", "integrate_fire")
    assert (tracked.offset, tracked.potential) == (None, None)
    changed = (integrating.offset, integrating.potential, integrating.weight)
    assert any(value is not None for value in changed)
