"""The spiking network tends to the ANN: stock networks, calibrated and run on the same 16 random inputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn

import snnconv

googlenet = lambda: torchvision.models.googlenet(weights=None, init_weights=False, aux_logits=False)  # noqa: E731
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "resnet18": (torchvision.models.resnet18, (3, 64, 64), 17),
    "vgg16_bn": (torchvision.models.vgg16_bn, (3, 64, 64), 15),
    "densenet121": (torchvision.models.densenet121, (3, 64, 64), 121),
    "googlenet": (googlenet, (3, 64, 64), 57),
    "r3d_18": (torchvision.models.video.r3d_18, (3, 4, 32, 32), 17),
}


QUICK = ("resnet18", "r3d_18")
CASES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]


@pytest.mark.parametrize("name", CASES)
def test_the_error_falls_below_two_percent(name: str) -> None:
    build, shape, activations = NETWORKS[name]
    model = build().eval()
    x = torch.randn(16, *shape)
    snn = snnconv.convert(model, 64, data=[x], alpha=0.2, beta=5, retract="zero", threshold="max")
    assert len(snn.sites) == activations
    with torch.no_grad():
        wanted = model(x[:4])
    logits = snn.run(x[:4]).logits
    errors = {t: float((logits[t - 1] - wanted).norm() / wanted.norm()) for t in (4, 16, 64)}
    assert errors[64] < 0.02, errors
    assert errors[64] <= errors[16] <= errors[4], errors  # untrained, GoogLeNet's logits are almost all bias


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_bare_call(name: str) -> None:
    build, _, activations = NETWORKS[name]
    snn = snnconv.convert(build(), T=4)
    x = torch.randn(2, *snn.plan.input_shapes[0])
    assert len(snn.sites) == activations
    assert torch.isfinite(snn(x)).all()
