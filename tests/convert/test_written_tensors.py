"""Networks that write into their inputs or parameters, and sites that share a parameter with other operations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import UnsupportedModelError, convert


class Around(nn.Module):
    """Two layers, something done to the input before and to the hidden values between."""

    def __init__(
        self,
        before: Callable[[Tensor], object] = lambda x: None,
        between: Callable[[Tensor, Tensor], Tensor] = lambda x, p: F.relu(x),
    ) -> None:
        super().__init__()
        self.first, self.second, self.step = nn.Linear(8, 16), nn.Linear(16, 5), nn.Parameter(torch.tensor([0.9]))
        self.before, self.between = before, between

    def forward(self, x: Tensor) -> Tensor:
        self.before(x)
        return self.second(self.between(self.first(x), self.step))


def zero_column(x: Tensor) -> None:
    x[:, 0] = 0


def clipped_levels(x: Tensor, step: Tensor) -> Tensor:
    return torch.where(x > step, step.expand_as(x), torch.round(F.relu(x) / step * 3) / 3 * step)


NETWORKS = {
    "input scaled": lambda: Around(lambda x: x.mul_(2)),
    "input rectified": lambda: Around(F.relu_),
    "column written": lambda: Around(zero_column),
    "rows clamped": lambda: Around(lambda x: x[:, 1:].clamp_(min=0)),
    "shared step": lambda: Around(between=clipped_levels),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_it_converts_and_the_file_gives_the_same(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, x = NETWORKS[name](), torch.randn(6, 8)
    given = x.clone()
    snn = convert(model, 256, data=[x])
    with torch.no_grad():
        wanted = model(x.clone())
    found = snn(x)
    assert torch.equal(x, given)
    assert float((found - wanted).norm() / wanted.norm()) < 1e-3
    snn.save(tmp_path / "network.snn")
    assert torch.equal(snnconv.load(tmp_path / "network.snn")(x), found)


def test_parameters_written_at_every_call_are_refused() -> None:
    model = nn.Sequential(nn.Embedding(20, 8, max_norm=1.0), nn.Flatten(), nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 2))
    with pytest.raises(UnsupportedModelError, match=r"own parameters in eval mode: 0.weight\n.*max_norm=None"):
        convert(model, 4, data=[torch.randint(0, 20, (6, 4))])
