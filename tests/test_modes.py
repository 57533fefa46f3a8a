"""No mode of torch that the caller is in changes what a conversion, a run, a file or a measurement gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.bench._diagnose import diagnose
from snnconv.modes import callers_defaults, ordinary_mode
from snnconv.verification import verify

X = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))


class Net(nn.Module):
    """With a BatchNorm, so that calibration without data optimises images by their gradients."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.head = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Linear(6, 3)
        nn.init.uniform_(self.norm.running_mean)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))).mean((2, 3)))


@contextmanager
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


MODES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "meta": lambda: torch.device("meta"),
    "float64": double,
    "no_grad": torch.no_grad,
    "inference": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "deterministic": deterministic,
}


def everything(folder: Path) -> list[Any]:
    model = Net().eval()
    snn = snnconv.convert(model, 4, input_shape=(3, 8, 8))
    path = folder / "snn.pt2"
    snn.save(path)
    again = snnconv.load(path)
    held = verify(model, [X], T=8)
    found = [snn(X), snn.run(X, 4).spikes_per_neuron, again(X), diagnose(snn, [X]).output_error]
    return [*found, snnconv.convert(model, 4, data=[X])(X), held.snn_error, [str(check) for check in held.checks]]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return everything(tmp_path_factory.mktemp("ordinary"))


@pytest.mark.parametrize("name", MODES)
def test_same_results(name: str, wanted: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Net
    monkeypatch.setattr(f"{__name__}.Net", lambda: network)
    network = made()
    with MODES[name]():
        found = everything(tmp_path)
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one, other) and one.dtype == other.dtype if isinstance(one, Tensor) else one == other


class Made(nn.Module):
    """Makes a tensor of the default type in its forward."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 6).double(), nn.Linear(6, 2).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)) @ torch.eye(6))


def test_a_forward_has_the_callers_defaults_and_keeps_them(tmp_path: Path) -> None:
    x = torch.randn(4, 4, dtype=torch.float64)
    model = Made().eval()
    with double():
        snn = snnconv.convert(model, 64, data=[x])
        wanted = model(x).detach()
    assert float((snn(x) - wanted).norm() / wanted.norm()) < 0.05  # the type of that day is in the network
    snn.save(tmp_path / "snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(x), snn(x))


def test_defaults_come_back() -> None:
    with double(), torch.no_grad(), ordinary_mode():
        assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)
        with ordinary_mode(), callers_defaults():  # the outermost caller's
            assert torch.get_default_dtype() == torch.float64
        assert torch.get_default_dtype() == torch.float32
    with torch.device("meta"), ordinary_mode():
        assert torch.zeros(1).device.type == "cpu"
