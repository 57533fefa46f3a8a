"""Half, bfloat16 and double networks convert in their own type: calibrated, corrected, saved and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.verification import verify

X = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(64, 8)
        self.scale, self.head = nn.LayerNorm(8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.conv(x))).flatten(1)
        return self.head(self.scale(F.silu(self.fc(x))))


@pytest.mark.parametrize("method", ["auto", "sdm-zero", "snnc-advanced", "dcgs"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_types(dtype: torch.dtype, method: str, tmp_path: Path) -> None:
    model = Network().eval().to(dtype)
    snn = snnconv.convert(model, 16, data=[X], method=method)
    found, wanted = snn(X), model(X.to(dtype)).detach()
    assert found.dtype == dtype
    assert float((found.double() - wanted.double()).norm() / wanted.double().norm()) < 0.1
    snn.save(tmp_path / "snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(X), found)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_verify(dtype: torch.dtype) -> None:
    assert verify(Network().eval().to(dtype), [X]).held
