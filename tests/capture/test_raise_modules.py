"""Raised networks: the source's outputs to the bit, its state_dict keys, and BatchNorm that trains again."""

from __future__ import annotations

from functools import cache

import pytest
import torch
import torchvision
from torch import Tensor, fx, nn

from snnconv.capture.capture import capture
from snnconv.capture.raise_modules import raise_modules

from ..networks import spread_norms
from .raising import assert_same_outputs, raised_from

SIZES: dict[str, tuple[int, ...]] = {
    "resnet18": (3, 32, 32),
    "densenet121": (3, 32, 32),
    "vgg11_bn": (3, 32, 32),
    "googlenet": (3, 64, 64),
    "shufflenet_v2_x0_5": (3, 32, 32),
    "mobilenet_v3_small": (3, 32, 32),
    "r3d_18": (3, 4, 32, 32),
}
models = pytest.mark.parametrize("name", list(SIZES))


@cache
def pair(name: str) -> tuple[nn.Module, fx.GraphModule]:
    """A torchvision model with random statistics and its raised copy."""
    torch.manual_seed(0)
    builder = getattr(torchvision.models, name, None) or getattr(torchvision.models.video, name)
    extra = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    model = spread_norms(builder(weights=None, num_classes=7, **extra))
    return model, raised_from(model, torch.randn(2, *SIZES[name]))


@models
def test_torchvision_models(name: str) -> None:
    model, raised = pair(name)
    assert list(raised.state_dict()) == list(model.state_dict())
    assert_same_outputs(raised, model, SIZES[name])


@models
def test_modules_stand_at_their_places(name: str) -> None:
    """Layers with weights keep their path, kind and settings."""
    model, raised = pair(name)
    kinds = (nn.Conv2d, nn.Conv3d, nn.Linear, nn.BatchNorm2d, nn.BatchNorm3d)
    for path, module in model.named_modules():
        if isinstance(module, kinds):
            ours = raised.get_submodule(path)
            assert isinstance(module, type(ours)), path  # r3d_18 has a subclass of Conv3d
            assert ours.extra_repr() == module.extra_repr(), path


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "shufflenet_v2_x0_5"])
def test_batchnorm_trains_again(name: str) -> None:
    model, raised = pair(name)
    x = torch.randn(4, *SIZES[name])
    saved = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    raised.train()
    with torch.no_grad():
        assert torch.equal(raised(x), model(x))
    ours, theirs = raised.state_dict(), model.state_dict()
    changed = [key for key in theirs if not torch.equal(theirs[key], saved[key])]
    assert any("running_mean" in key for key in changed)
    assert all("running" in key or "num_batches" in key for key in changed)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    for module in (model, raised):
        module.load_state_dict(saved)
        module.eval()


def test_the_raised_network_owns_its_tensors() -> None:
    model, raised = pair("resnet18")
    storages = {value.data_ptr() for value in model.state_dict().values() if value.numel()}
    assert not any(value.data_ptr() in storages for value in raised.state_dict().values() if value.numel())


class Momentum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, momentum=None)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


def test_cumulative_batchnorm_keeps_its_momentum() -> None:
    model = Momentum()
    raised = raised_from(model, torch.randn(2, 2, 5, 5))
    assert raised.get_submodule("bn").momentum is None
    model.train()
    raised.train()
    for _ in range(3):
        x = torch.randn(4, 2, 5, 5)
        model(x)
        raised(x)
    assert torch.equal(raised.get_submodule("bn").running_mean, model.bn.running_mean)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn", "mobilenet_v3_small"])
def test_decomposed_programs_raise_too(name: str) -> None:
    """A file may hold a program after `run_decompositions`, whose BatchNorm has no num_batches_tracked."""
    model, _ = pair(name)
    program = capture(model, (torch.randn(2, *SIZES[name]),)).run_decompositions({})
    raised = raise_modules(program)
    assert set(raised.state_dict()) == set(model.state_dict())
    assert_same_outputs(raised, model, SIZES[name])
    norms = [m for m in raised.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == sum(isinstance(m, nn.BatchNorm2d) for m in model.modules())


def test_googlenet_with_auxiliary_heads_keeps_their_weights() -> None:
    """Train-only code is not in an eval-mode program, but its weights belong to the state_dict all the same."""
    model = torchvision.models.googlenet(weights=None, num_classes=3, init_weights=False).eval()
    raised = raised_from(model, torch.randn(2, 3, 64, 64))
    assert set(raised.state_dict()) == set(model.state_dict())
    raised.load_state_dict(model.state_dict())
    assert_same_outputs(raised, model, (3, 64, 64))
