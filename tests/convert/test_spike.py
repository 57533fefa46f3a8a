"""Neurons at their sites: tensors of a plan that do not fit theirs are refused when the network is built."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.convert.build import build

FITS = [(), (8,), (8, 1, 1), (1, 1, 1), (8, 6, 6)]
MISFITS = [(7,), (3, 5, 5), (0,), (8, 6), (6, 6, 8)]


@pytest.fixture(scope="module")
def snn() -> SpikingNetwork:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 3))
    return snnconv.convert(model.eval(), 2, data=[torch.rand(4, 3, 8, 8)])


def rebuilt(snn: SpikingNetwork, kind: str, shape: tuple[int, ...]) -> SpikingNetwork:
    plan = copy.deepcopy(snn.plan)
    plan.sites["1"] = replace(plan.sites["1"], **{kind: torch.ones(shape)})
    return build(snn.ann, plan)


@pytest.mark.parametrize("kind", ["threshold", "offset", "potential"])
def test_tensors_of_a_site(kind: str, snn: SpikingNetwork) -> None:
    for shape in FITS:
        assert rebuilt(snn, kind, shape)(torch.rand(2, 3, 8, 8)).shape == (2, 3)
    for shape in MISFITS:
        with pytest.raises(InputError, match=f"{kind} does not fit its site"):
            rebuilt(snn, kind, shape)


def test_offsets_of_every_step(snn: SpikingNetwork) -> None:
    assert rebuilt(snn, "offset", (2, 8, 1, 1))(torch.rand(2, 3, 8, 8)).shape == (2, 3)
    with pytest.raises(InputError, match="offset does not fit"):
        rebuilt(snn, "offset", (2, 7, 1, 1))
