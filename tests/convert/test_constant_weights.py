"""Weights that are computed from parameters alone: held as what they are, in a module as any other layer's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

import snnconv
from snnconv import UnsupportedModelError
from snnconv.graph.names import name_of

Weight = Callable[[Tensor], Tensor]


def standardised(weight: Tensor) -> Tensor:
    rows = F.batch_norm(weight.view(1, len(weight), -1), None, None, training=True, momentum=0.0)
    return rows.view_as(weight)


def quantised(weight: Tensor) -> Tensor:
    count = len(weight)
    scale, zero = torch.full((count,), 0.05), torch.zeros(count, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -128, 127)


WEIGHTS: dict[str, Weight] = {
    "as it is": lambda w: w,
    "standardised by batch_norm": standardised,
    "standardised by hand": lambda w: (w - w.mean((1, 2), keepdim=True)) / w.std((1, 2), keepdim=True),
    "unit length": lambda w: F.normalize(w.flatten(1)).view_as(w),
    "masked": lambda w: w * (torch.arange(w.numel()).view_as(w) % 3 != 0),
    "quantised": quantised,
    "signs": lambda w: w.sign() * w.abs().mean(),
    "of low rank": lambda w: torch.outer(w[:, 0, 0], w.flatten(1)[0]).reshape_as(w),
}


class Computed(nn.Module):
    """A convolution and a linear layer of such weights, each followed by a BatchNorm."""

    def __init__(self, function: Weight) -> None:
        super().__init__()
        self.kernel, self.rows = nn.Parameter(torch.randn(6, 2, 3)), nn.Parameter(torch.randn(5, 6, 1))
        self.bias, self.function = nn.Parameter(torch.randn(6)), function
        self.norms, self.head = nn.ModuleList([nn.BatchNorm1d(6), nn.BatchNorm1d(5)]), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norms[0](F.conv1d(x, self.function(self.kernel), self.bias * 2))).mean(2)
        return self.head(F.relu(self.norms[1](F.linear(x, self.function(self.rows).squeeze(2)))))


def checked(model: nn.Module, x: Tensor, path: Path) -> snnconv.SpikingNetwork:
    """Converted to the same function, and the same saved and loaded."""
    snn = snnconv.convert(model, 64, data=[x], method="sdm-zero", threshold="max", corrections=())
    with torch.no_grad():
        wanted = model(x)
        torch.testing.assert_close(snn.ann(x), wanted, rtol=1e-4, atol=1e-5)
        assert (snn(x) - wanted).norm() < 0.01 * wanted.norm()
    snn.save(path)
    assert torch.equal(snnconv.load(path)(x), snn(x))
    return snn


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_is_computed_from_parameters_alone_is_held(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    snn = checked(Computed(WEIGHTS[name]).eval(), torch.randn(8, 2, 6), tmp_path / "a.snn.pt2")
    assert not {name_of(node) for node in snn.network.graph.nodes} & {"conv1d", "linear", "batch_norm", "mul"}
    assert not set(snn.ann.state_dict()) & {"kernel", "rows", "bias"}
    assert snn.ann.meta["folded_norms"] == ["norms.0", "norms.1"]


def test_parametrisations(tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = parametrizations.weight_norm(nn.Linear(4, 6))
    second = parametrizations.spectral_norm(nn.Linear(6, 5))
    third = parametrizations.orthogonal(nn.Linear(5, 5))
    model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)
    snn = checked(model.eval(), torch.randn(8, 4), tmp_path / "a.snn.pt2")
    assert {key.split(".")[-1] for key in snn.ann.state_dict()} == {"weight", "bias"}


def test_a_weight_that_is_read_elsewhere_stays(tmp_path: Path) -> None:
    """Tied: the second layer's weight is the first one's, transposed."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 6)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(F.relu(self.first(x)), self.first.weight.t())

    snn = checked(Tied().eval(), torch.randn(8, 4), tmp_path / "a.snn.pt2")
    assert {"first.weight", "first.bias"} < set(snn.ann.state_dict())


def test_statistics_of_the_batch_are_refused_all_the_same() -> None:
    model = nn.Sequential(
        nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4, track_running_stats=False), nn.ReLU(), nn.Conv1d(4, 2, 1)
    )
    with pytest.raises(UnsupportedModelError):
        snnconv.convert(model.eval(), data=[torch.randn(8, 2, 6)])
