"""Small networks of the kinds that use other activations than ReLU: the SNN's error falls to a few percent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import ConvNeXt, MobileNetV3, SwinTransformer, VisionTransformer
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.mobilenetv3 import InvertedResidualConfig

import snnconv
from snnconv import SpikingNetwork
from snnconv.bench import diagnose, energy
from snnconv.neurons import RunningMean

SETTING = {
    "method": "sdm", "alpha": 1 / 15, "beta": 15, "retract": "zero", "down_limit": 15, "threshold": "max",
}  # fmt: skip


class SqueezeExcite(nn.Module):
    """Channels gated by a function of their means."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.act = nn.Conv2d(3, 8, 3, padding=1), nn.SiLU()
        self.pool, self.squeeze, self.relu = nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU()
        self.excite, self.gate = nn.Conv2d(4, 8, 1), nn.Sigmoid()
        self.mix, self.act2, self.fc = nn.Conv2d(8, 8, 3, 2), nn.Hardswish(), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.stem(x))
        x = x * self.gate(self.excite(self.relu(self.squeeze(self.pool(x)))))
        return self.fc(self.act2(self.mix(x)).mean((2, 3)))


def vision_transformer() -> nn.Module:
    sizes = {"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 32, "mlp_dim": 64}
    model = VisionTransformer(**sizes, num_classes=10)
    nn.init.normal_(model.heads.head.weight, std=0.1)  # torchvision starts it at 0
    return model


def convnext() -> nn.Module:
    model = ConvNeXt([CNBlockConfig(8, 16, 2), CNBlockConfig(16, None, 2)], num_classes=10)
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):  # torchvision starts it at 1e-6, where blocks do nothing
            nn.init.constant_(parameter, 0.5)
    return model


def mobilenet() -> nn.Module:
    rows = [(16, 3, 16, 16, True, "RE", 2, 1, 1), (16, 5, 48, 24, True, "HS", 2, 1, 1)]
    return MobileNetV3([InvertedResidualConfig(*row) for row in rows], 64, num_classes=10)


def swin() -> nn.Module:
    return SwinTransformer([4, 4], 8, [2], [2], [2, 2], num_classes=10)


# {network: (spiking sites, analog operators)}
NETWORKS: dict[Callable[[], nn.Module], tuple[int, int]] = {
    SqueezeExcite: (4, 1),
    vision_transformer: (2, 4),
    convnext: (4, 5),
    mobilenet: (10, 2),
    swin: (2, 6),
}
each = pytest.mark.parametrize("build", NETWORKS, ids=lambda build: build.__name__)


def converted(build: Callable[[], nn.Module], x: Tensor) -> tuple[nn.Module, SpikingNetwork]:
    torch.manual_seed(0)
    model = build().eval()
    return model, snnconv.convert(model, 32, data=[x], **SETTING)  # type: ignore[arg-type]


@each
def test_the_error_falls_to_a_few_percent(build: Callable[[], nn.Module]) -> None:
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    model, snn = converted(build, x)
    analog = sum(isinstance(module, RunningMean) for module in snn.network.modules())
    assert (len(snn.sites), analog) == NETWORKS[build]
    with torch.no_grad():
        wanted = model(x)
    logits = snn.run(x).logits
    errors = [float((logits[t - 1] - wanted).norm() / wanted.norm()) for t in (2, 8, 32)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.05


@each
def test_a_file_holds_the_same_network(build: Callable[[], nn.Module], tmp_path: Path) -> None:
    x = torch.randn(3, 3, 32, 32)
    _, snn = converted(build, x)
    snn.save(tmp_path / "a.snn.pt2")
    other = snnconv.load(tmp_path / "a.snn.pt2")
    assert list(other.sites) == list(snn.sites)
    for batch in (1, 3):
        assert torch.equal(other.run(x[:batch], T=4).logits, snn.run(x[:batch], T=4).logits)


def test_everything_that_is_measured_runs() -> None:
    """sweep, diagnose and energy, on a network of gates and tracked activations."""
    x = torch.randn(8, 3, 16, 16)
    _, snn = converted(SqueezeExcite, x)
    data = [(x, torch.arange(8) % 10)]
    diagnosis = diagnose(snn, data, T=4)
    assert [site.site for site in diagnosis.sites] == list(snn.sites)
    bill = energy(snn, data, T=4)
    gate = 8 * 16 * 16
    assert bill.apart["residual_macs"] >= 4 * gate
    assert any("analog operators" in notice and "mix" in notice for notice in bill.notices)
