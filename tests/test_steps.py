"""Time steps are whole numbers wherever they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv.bench import diagnose, sweep
from snnconv.errors import InputError
from snnconv.network import SpikingNetwork

X = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(6) % 3


@pytest.fixture(scope="module")
def snn() -> SpikingNetwork:
    torch.manual_seed(0)
    return snnconv.convert(nn.Sequential(nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 3)).eval(), 4, data=[X])


@pytest.mark.parametrize("T", [0, -1, 2.5, 2.0, True, "4"])
def test_refused(snn: SpikingNetwork, T: Any) -> None:
    for measured in (lambda: snn.run(X, T), lambda: diagnose(snn, [X], T=T), lambda: sweep(snn, [(X, Y)], [T])):
        with pytest.raises(InputError):
            measured()


@pytest.mark.parametrize("T", [4, [], [1, 1], [1.0], None])
def test_refused_lists(snn: SpikingNetwork, T: Any) -> None:
    with pytest.raises(InputError, match=r"different whole numbers"):
        sweep(snn, [(X, Y)], T)


def test_any_order_and_numpys_own(snn: SpikingNetwork) -> None:
    rows = sweep(snn, [(X, Y)], np.array([4, 1, 2])).rows  # type: ignore[arg-type]
    assert rows == sweep(snn, [(X, Y)], [1, 2, 4]).rows
    assert snn.run(X, np.int64(3)).logits.shape[0] == 3  # type: ignore[arg-type]


@pytest.mark.parametrize("y", [Y[:, None], torch.eye(3).long()[Y]])
def test_labels_in_one_row(snn: SpikingNetwork, y: torch.Tensor) -> None:
    with pytest.raises(InputError, match=r"one label per sample(.|\n)*squeeze\(1\)"):
        sweep(snn, [(X, y)], [1])
