"""Every pass keeps what the network computes, with random BatchNorm statistics."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import Tensor, fx, nn
from torch.nn import functional as F

from snnconv import InputError
from snnconv.convert.canonical import canonicalise
from snnconv.convert.passes.batchnorm import fold_batchnorm
from snnconv.convert.passes.dropout import drop_dropout
from snnconv.convert.passes.maxpool import average_maxpools
from snnconv.graph.sites import activation_sites, name_sites

from ..capture.raising import raised_from
from ..networks import spread_norms

PASSES = [drop_dropout, fold_batchnorm, name_sites, canonicalise]
CONV_TYPES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "conv1d": (nn.Conv1d(4, 6, 3, groups=2), (4, 8)),
    "conv2d": (nn.Conv2d(3, 6, 3, bias=False), (3, 6, 6)),
    "conv2d reflect": (nn.Conv2d(3, 6, 3, padding=1, padding_mode="reflect"), (3, 6, 6)),
    "conv2d same": (nn.Conv2d(3, 6, 3, padding="same"), (3, 6, 6)),
    "conv3d": (nn.Conv3d(2, 6, 2), (2, 4, 4, 4)),
    "transposed1d": (nn.ConvTranspose1d(4, 6, 3, stride=2), (4, 5)),
    "transposed2d": (nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1), (4, 5, 5)),
    "transposed2d groups": (nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False), (4, 5, 5)),
    "transposed3d groups": (nn.ConvTranspose3d(4, 6, 2, groups=2), (4, 3, 3, 3)),
    "linear": (nn.Linear(5, 6, bias=False), (5,)),
}


def batch_norm(shape: tuple[int, ...]) -> nn.Module:
    return {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d, 4: nn.BatchNorm3d}[len(shape)](6)


def assert_close(ours: nn.Module, theirs: nn.Module, shape: tuple[int, ...]) -> None:
    x = torch.randn(3, *shape)
    with torch.no_grad():
        expected = theirs(x)
        assert float((ours(x) - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


@pytest.mark.parametrize("kind", CONV_TYPES)
def test_batchnorm_folds_into_every_layer(kind: str) -> None:
    layer, shape = CONV_TYPES[kind]
    model = spread_norms(nn.Sequential(layer, batch_norm(shape), nn.ReLU()))
    folded = fold_batchnorm(raised_from(model, torch.randn(2, *shape)))
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in folded.modules())
    assert folded.meta["folded_norms"] == ["1"]
    assert_close(folded, model, shape)


def test_batchnorm_without_affine_folds() -> None:
    model = spread_norms(nn.Sequential(nn.Conv2d(2, 6, 3), nn.BatchNorm2d(6, affine=False), nn.ReLU()))
    folded = fold_batchnorm(raised_from(model, torch.randn(2, 2, 5, 5)))
    assert "1" not in dict(folded.named_modules())
    assert_close(folded, model, (2, 5, 5))


class Forked(nn.Module):
    """The convolution's result is also read before the BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return F.relu(self.bn(y)) + y


class TokenNorm(nn.Module):
    """Linear on the last dimension, BatchNorm on the second: other channels."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.bn = nn.Linear(5, 6), nn.BatchNorm1d(6)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.fc(x)))


@pytest.mark.parametrize(("net", "shape"), [(Forked, (2, 5, 5)), (TokenNorm, (6, 5))])
def test_batchnorm_that_must_stay(net: type[nn.Module], shape: tuple[int, ...]) -> None:
    model = spread_norms(net())
    canonical = canonicalise(raised_from(model, torch.randn(2, *shape)))
    assert "bn" in dict(canonical.named_modules())
    assert_close(canonical, model, shape)


class Wide(nn.Module):
    """Dropout of both kinds, max pooling of both kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.pool, self.drop, self.drop2d = nn.MaxPool2d(3, 2, 1), nn.Dropout(), nn.Dropout2d()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop2d(self.pool(F.relu(self.bn(self.conv(x)))))
        x = F.dropout(F.max_pool2d(F.relu(x - 0.1), 2), training=self.training)
        return self.fc(self.drop(x.mean((2, 3))))


@pytest.mark.parametrize("rewrite", PASSES)
def test_passes_keep_outputs(rewrite: object) -> None:
    model = spread_norms(Wide())
    raised = raised_from(model, torch.randn(2, 3, 8, 8))
    rewritten = rewrite(raised)  # type: ignore[operator]
    assert isinstance(rewritten, fx.GraphModule)
    assert_close(rewritten, model, (3, 8, 8))


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5"])
def test_canonical_torchvision_models(name: str) -> None:
    model = spread_norms(getattr(torchvision.models, name)(weights=None, num_classes=5))
    canonical = canonicalise(raised_from(model, torch.randn(2, 3, 32, 32)))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in canonical.modules())
    assert_close(canonical, model, (3, 32, 32))
    relus = [module for module in model.modules() if isinstance(module, nn.ReLU)]
    assert len(activation_sites(canonical)) == len(relus) + (8 if name == "resnet18" else 0)  # blocks use theirs twice


def test_dropout_is_gone() -> None:
    canonical = canonicalise(raised_from(Wide().eval(), torch.randn(2, 3, 8, 8)))
    assert not any("Dropout" in type(module).__name__ for module in canonical.modules())
    assert not any("dropout" in str(node.target) for node in canonical.graph.nodes)


def test_maxpool_becomes_average() -> None:
    canonical = canonicalise(raised_from(Wide().eval(), torch.randn(2, 3, 8, 8)), "avg")
    assert not any(isinstance(module, nn.MaxPool2d) for module in canonical.modules())
    pool = canonical.get_submodule("pool")
    x = torch.rand(1, 1, 4, 4)
    torch.testing.assert_close(pool(x), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))


def test_a_dilated_maxpool_has_no_average() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2, dilation=2))
    raised = name_sites(raised_from(model, torch.randn(2, 1, 9, 9)))
    with pytest.raises(InputError, match="dilated"):
        average_maxpools(raised)
