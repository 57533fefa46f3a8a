"""Networks on which an error is easily misjudged: right conversions that must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import snnconv
from snnconv import InputError, convert
from snnconv.methods import METHODS
from snnconv.verification import Verification, verify

from ..networks import MLP, ResidualNet, SmallCNN, spread_norms


def failing(result: Verification) -> list[str]:
    return [check.name for check in result.checks if not check.held]


class Small(nn.Module):
    """The output is a small difference of large values, or a small part of them."""

    def __init__(self, factor: float, difference: bool) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 32), nn.Linear(32, 3, bias=False)
        with torch.no_grad():
            if difference:
                self.last.weight.copy_(torch.tensor([1.0, -1.0]).repeat(16) + 1e-3 * torch.randn(3, 32))
                self.first.weight[1::2] = self.first.weight[::2]
                self.first.bias[1::2] = self.first.bias[::2]
            self.last.weight.mul_(factor)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.relu(self.first(x)))


class Constant(nn.Module):
    """Nothing that spikes reaches the output."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 4), nn.Linear(4, 3)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.relu(self.first(x)))


class Deep(nn.Sequential):
    """A dozen residual blocks of SiLU."""

    def __init__(self) -> None:
        super().__init__(*(Block() for _ in range(12)), nn.Linear(12, 5))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(12, 24), nn.Linear(24, 12)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.two(F.silu(3 * self.one(x)))


@pytest.mark.parametrize(
    ("model", "size"),
    [(Small(1e-6, False), 6), (Small(1e6, False), 6), (Small(1, True), 6), (Constant(), 6), (Deep(), 12)],
    ids=["tiny", "huge", "difference", "constant", "deep"],
)
def test_it_holds(model: nn.Module, size: int) -> None:
    torch.manual_seed(0)
    result = verify(model, input_shape=(size,))
    assert failing(result) == [], result.checks


def test_levels_that_are_exact_at_once() -> None:
    """λ = 1, whole quanta: each of 15 levels comes out in one step."""
    first = nn.Linear(4, 4, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.eye(4))
    model = nn.Sequential(first, nn.ReLU(), nn.Linear(4, 2, bias=False))
    x = torch.tensor([[15.0, 3, 0, 7], [1, 15, 15, 2], [4, 5, 6, 15], [0, 15, 15, 15]])
    result = verify(model, [x])
    assert failing(result) == []
    assert max(result.snn_error.values()) < 1e-6


def test_an_error_that_falls_late_is_followed() -> None:
    """Integrate-and-fire neurons that start empty give nothing at first: T = 4 shows no fall yet."""
    torch.manual_seed(0)
    result = verify(ResidualNet(), input_shape=(2, 6, 6), method="rnl", T=4)
    assert failing(result) == []
    assert max(result.snn_error) > result.T == 4
    assert list(result.snn_error) == [1, 2, 4, 8, 16][: len(result.snn_error)]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_holds(method: str) -> None:
    """With its own thresholds, which cut activations, verified on other inputs than it was calibrated on."""
    torch.manual_seed(0)
    snn = convert(spread_norms(SmallCNN()), 4, data=[torch.randn(32, 2, 6, 6)], method=method)
    assert failing(verify(snn, T=16)) == []


def test_outputs_that_are_no_numbers_are_refused() -> None:
    class Diverging(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.relu(x) / 0

    with pytest.raises(InputError, match="NaN or infinity"):
        verify(Diverging(), input_shape=(6,))


def test_a_spiking_network_that_gives_nan_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    snn = convert(MLP(), 4, input_shape=(6,))
    weight = snn.network.get_submodule("4").weight
    assert isinstance(weight, Tensor)
    with torch.no_grad():
        weight[0, 0] = float("nan")
    assert {"exact", "convergence", "within", "steps"} <= set(failing(verify(snn, T=4)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_precision_with_batch_norm(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU()]
    model = spread_norms(nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 4 * 4, 5))).to(dtype)
    result = verify(model, input_shape=(3, 8, 8))
    assert failing(result) == [], result.checks
    assert result.canonical_precision == "float64"
    snn = convert(model, 4, data=[torch.randn(8, 3, 8, 8)])
    assert failing(verify(snn, T=8)) == []
    weight = snn.network.get_submodule("3").weight
    assert isinstance(weight, Tensor)
    with torch.no_grad():
        weight.mul_(0.85)
    assert "exact" in failing(verify(snn, T=8))


@pytest.fixture
def process_group() -> Iterator[None]:
    store = dist.HashStore()  # pyright: ignore[reportPrivateImportUsage]
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def wrapped() -> nn.Module:
    return spread_norms(nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)))


def test_data_parallel() -> None:
    result = verify(nn.DataParallel(nn.DataParallel(wrapped())), input_shape=(6,), T=4)
    assert failing(result) == []
    assert list(result.sites) == ["2"]
    assert result.model == "Sequential"


def test_distributed_data_parallel(process_group: None) -> None:
    result = verify(DistributedDataParallel(wrapped()), input_shape=(6,), T=4)
    assert failing(result) == []
    assert list(result.sites) == ["2"]


@pytest.mark.parametrize("mode", [torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16)])
def test_the_mode_of_the_caller(mode: Callable[[], AbstractContextManager[object]]) -> None:
    model = MLP()
    with mode():
        result = verify(model, input_shape=(6,), T=4)
    assert failing(result) == []
    assert result.canonical_error is not None
    assert result.canonical_error < 1e-6


def test_max_pooling_by_lateral_inhibition() -> None:
    model = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
    assert failing(verify(model, input_shape=(2, 6, 6), maxpool="lipool")) == []


def test_corrections_stay_in_what_is_compared() -> None:
    """Weights, currents and potentials that a method changes on purpose are not defects."""
    torch.manual_seed(0)
    x = torch.randn(16, 2, 6, 6)
    snn = snnconv.convert(
        SmallCNN(), 4, data=[x], method="if", corrections=("shift", "bias-per-step", "weights"), threshold="max"
    )
    assert failing(verify(snn, [x[:4]], T=16)) == []


def test_noise_leaves_a_domain_alone() -> None:
    """A square root of what is never negative: silent neurons stay silent when rounding is tried."""

    class Root(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[1](torch.sqrt(F.relu(self[0](x)) + 1e-3))

    torch.manual_seed(0)
    assert failing(verify(Root(nn.Linear(6, 8), nn.Linear(8, 3)), input_shape=(6,))) == []
