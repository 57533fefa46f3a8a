"""Corrections are made for neurons that integrate: those that track a function are left as they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import snnconv
from snnconv.calib.corrections import CORRECTIONS


@pytest.mark.parametrize("correction", list(CORRECTIONS))
def test_only_the_relu_is_corrected(correction: str) -> None:
    parts = (nn.Linear(4, 6), nn.SiLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    snn = snnconv.convert(
        nn.Sequential(*parts).eval(), data=[torch.randn(16, 4)], method="if", corrections=[correction]
    )
    tracked, integrating = snn.plan.sites["1"], snn.plan.sites["3"]
    assert (tracked.neuron, integrating.neuron) == ("tracking", "integrate_fire")
    assert (tracked.offset, tracked.potential) == (None, None)
    changed = (integrating.offset, integrating.potential, integrating.weight)
    assert any(value is not None for value in changed)
