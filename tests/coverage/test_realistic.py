"""Weights that are scaled until every weighted layer's output has variance 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import ConvNeXt, SwinTransformer, VisionTransformer, efficientnet_b0
from torchvision.models.convnext import CNBlockConfig

from snnconv.coverage import make_realistic, realistic
from snnconv.coverage.realistic import explicit_attention


class Attention(nn.Module):
    """Projections inside nn.MultiheadAttention, and one by a bare parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.weight = nn.Parameter(torch.randn(3, 8) * 7)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2)[..., :8]
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return F.linear(tokens + mixed, self.weight).mean(1)


def convnet() -> nn.Module:
    layers = [nn.Conv2d(3, 8, 3, groups=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.ReLU()]
    model = nn.Sequential(*layers, nn.ConvTranspose2d(8, 4, 2), nn.Flatten(), nn.Linear(4 * 13 * 13, 10, bias=False))
    model[3].weight.data *= 1e-3
    return model


def transformer() -> nn.Module:
    return VisionTransformer(image_size=16, patch_size=4, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16)


def swin() -> nn.Module:
    return SwinTransformer([4, 4], 8, [2], [2], [2, 2], num_classes=10)


# {network: weights that it calls}
NETWORKS: dict[Callable[[], nn.Module], int] = {convnet: 4, Attention: 3, transformer: 10, swin: 10}
each = pytest.mark.parametrize("build", NETWORKS, ids=lambda build: build.__name__)


def outputs_of_weights(model: nn.Module, x: Tensor) -> list[Tensor]:
    """What the calls of F.linear and of convolutions give before the bias is added, wherever they are made."""
    found: list[Tensor] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("linear", "conv2d", "conv_transpose2d"):
            call = getattr(F, name)

            def watched(x: Tensor, w: Tensor, b: Tensor | None = None, *rest: Any, call: Any = call) -> Tensor:
                found.append(call(x, w, None, *rest))
                return call(x, w, b, *rest)

            patch.setattr(F, name, watched)
        with torch.no_grad(), explicit_attention():
            model(x)
    return found


@each
def test_every_output_has_variance_one(build: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    model, x = build().eval(), torch.randn(4, 3, 16, 16)
    make_realistic(model, [x])
    outputs = outputs_of_weights(model, x)
    assert len(outputs) == NETWORKS[build]
    for output in outputs:
        assert float(output.std()) == pytest.approx(1, rel=1e-3)


def test_dead_parts_come_to_life() -> None:
    model = ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], num_classes=10)
    nn.init.zeros_(model.classifier[2].weight)
    nn.init.zeros_(model.classifier[0].weight)
    make_realistic(model, [torch.randn(2, 3, 32, 32)])
    scales = [parameter for name, parameter in model.named_parameters() if name.endswith("layer_scale")]
    assert len(scales) == 2
    assert all(bool((scale == 0.5).all()) for scale in scales)
    assert bool((model.classifier[0].weight == 1).all())
    assert float(model.classifier[2].weight.detach().std()) > 0.1


def test_batchnorm_and_mode_are_left() -> None:
    model = convnet().train()
    make_realistic(model, [torch.randn(4, 3, 16, 16)])
    assert model.training
    norm = model[1]
    assert bool((norm.running_mean == 0).all() and (norm.running_var == 1).all() and (norm.weight == 1).all())
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_weight_is_scaled_by_one_number() -> None:
    model = nn.Linear(6, 5)
    before = model.weight.detach().clone()
    make_realistic(model, [torch.randn(32, 6)])
    ratios = model.weight.detach() / before
    assert float(ratios.std()) < 1e-5 * float(ratios.mean())
    assert float(ratios.mean()) != pytest.approx(1, abs=1e-3)


def test_biases_and_shifts_are_drawn() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4000, 1), nn.BatchNorm2d(4000))
    make_realistic(model, [torch.randn(2, 3, 4, 4)])
    for bias in (model[0].bias, model[1].bias):
        assert float(bias.detach().std()) == pytest.approx(0.35, rel=0.1)
        assert abs(float(bias.detach().mean())) < 0.03


def test_shifts_keep_differences_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them an EfficientNet amplifies a small difference behind its stem, and every error with it."""
    x = torch.randn(4, 3, 64, 64)

    def gain() -> float:
        torch.manual_seed(0)
        model = efficientnet_b0().eval()
        make_realistic(model, [x])
        with torch.no_grad():
            stem = model.features[0](x)
            near = stem + 1e-3 * stem.std() * torch.randn_like(stem)
            one, other = (model.classifier(model.avgpool(model.features[1:](z)).flatten(1)) for z in (stem, near))
            return float((one - other).norm() / one.norm()) / 1e-3

    assert 0.05 < gain() < 1
    monkeypatch.setattr(realistic, "SHIFT", 0.0)
    assert gain() > 2


def test_a_shared_layer_is_scaled_once() -> None:
    shared = nn.Linear(6, 6)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    x = torch.randn(32, 6)
    make_realistic(model, [x])
    with torch.no_grad():
        assert float((shared(x) - shared.bias).std()) == pytest.approx(1, rel=1e-4)


def test_the_same_seed_gives_the_same_weights() -> None:
    x = torch.randn(2, 3, 16, 16)
    weights = []
    for _ in range(2):
        torch.manual_seed(0)
        model = transformer()
        make_realistic(model, [x], seed=3)
        weights.append(model.heads.head.weight)
    assert bool((weights[0] == weights[1]).all())
