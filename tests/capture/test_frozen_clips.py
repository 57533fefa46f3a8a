"""Networks that torch.ao prepared for quantisation come out as they are, to rounding, in one step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.ao import quantization

import snnconv
from snnconv import UnsupportedModelError
from snnconv.verification import verify

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
X = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = quantization.QuantStub(), quantization.DeQuantStub()
        self.conv1, self.norm1, self.relu1 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()
        self.conv2, self.relu2, self.head = nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.norm1(self.conv1(self.quant(x))))
        return self.dequant(self.head(self.relu2(self.conv2(x)).mean((2, 3))))


def prepared(backend: str, fused: bool) -> nn.Module:
    model: nn.Module = Network().train()
    if fused:
        model = quantization.fuse_modules_qat(model, [["conv1", "norm1", "relu1"], ["conv2", "relu2"]])
    model.qconfig = quantization.get_default_qat_qconfig(backend)  # type: ignore[assignment]
    model = quantization.prepare_qat(model)
    for seed in range(3):
        model(torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(seed)))
    return model.eval()


@pytest.mark.parametrize("fused", [False, True], ids=["apart", "fused"])
@pytest.mark.parametrize("backend", ["fbgemm", "qnnpack"])
def test_quantised_networks(backend: str, fused: bool, tmp_path: Path) -> None:
    model = prepared(backend, fused).apply(quantization.disable_observer)
    with torch.no_grad():
        wanted = model(X)
    snn = snnconv.convert(model, 1, data=[X])
    assert torch.allclose(snn(X), wanted, atol=1e-6)
    assert torch.equal(model(X).detach(), wanted)
    snn.save(tmp_path / "snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(X), snn(X))


def test_where_quantisation_is_off() -> None:
    model = prepared("x86", False).apply(quantization.disable_observer).apply(quantization.disable_fake_quant)
    assert list(snnconv.convert(model, 1, data=[X]).sites) == ["relu1", "relu2"]
    assert verify(model, [X]).held


def test_observers() -> None:
    with pytest.raises(UnsupportedModelError, match=r"observers(.|\n)*disable_observer"):
        snnconv.convert(prepared("x86", False), 1, data=[X])
