"""Networks that hold no parameters: converted, saved and measured like others."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

import snnconv
from snnconv.bench import diagnose, energy, latency, sweep
from snnconv.placement import placement_of
from snnconv.verification import verify

X, Y = torch.rand(6, 3, 8, 8), torch.arange(6) % 3


def bare() -> nn.Module:
    return nn.Sequential(nn.ReLU(), nn.AvgPool2d(2), nn.Hardtanh(0, 0.6), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def test_where_a_network_is() -> None:
    assert placement_of(bare()).dtype == torch.float32
    assert placement_of(nn.BatchNorm1d(2, affine=False).double()).dtype == torch.float64
    assert placement_of(nn.Sequential(bare(), nn.Linear(2, 2).half())).dtype == torch.float16


def test_without_parameters(tmp_path: Path) -> None:
    snn = snnconv.convert(bare(), 4, data=[X])
    snn.save(tmp_path / "snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(X), snn(X))
    assert verify(bare(), [X]).held
    data = [(X, Y)]
    assert sweep(snn, data, T=(1, 2)).samples == 6
    assert energy(snn, data, T=2).T == 2
    assert latency(snn, data, T=2).samples == diagnose(snn, data, T=2).samples == 6


def test_corrections_and_clips(tmp_path: Path) -> None:
    snnconv.convert(bare(), 4, data=[X], method="snnc-advanced")
    clipped = snnconv.clip(bare(), data=[X])
    assert snnconv.convert(clipped, 2).T == 2
