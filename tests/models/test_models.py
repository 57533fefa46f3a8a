"""The builders: sizes as published, and checkpoints from elsewhere that fit and score as their authors say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from snnconv import models
from snnconv.data import Normalization, open_data
from snnconv.data.fashion import BUNDLED
from snnconv.errors import InputError
from snnconv.io import load_pickle, load_weights, state_dict_of
from snnconv.models._fashion_cnn import WEIGHTS

# arXiv:1512.03385, Table 6: 0.27, 0.46, 0.66, 0.85 and 1.7 million; the others counted by hand
PARAMETERS = {
    "cifar_resnet20": 269_722,
    "cifar_resnet32": 464_154,
    "cifar_resnet44": 658_586,
    "cifar_resnet56": 853_018,
    "cifar_resnet110": 1_727_962,
    "resnet18_cifar": 11_173_962,
    "vgg16_cifar": 33_642_442,
    "fashion_cnn": 165_322,
    "c3d": 78_409_573,
    "small_cnn3d": 199_290,
}
SHAPES = {
    "fashion_cnn": (1, 28, 28),
    "c3d": (3, 16, 112, 112),
    "small_cnn3d": (3, 12, 24, 32),
}  # all others: (3, 32, 32)
MEASURED = 91.7  # % of the 1,000 bundled test images


def correct(model: nn.Module, spec: str, normalization: Normalization | None = None, limit: int | None = None) -> float:
    """% of right answers."""
    source = open_data(spec, batch_size=250, normalization=normalization, limit=limit)
    with torch.no_grad():
        return 100 * sum(int((model(x).argmax(1) == y).sum()) for x, y in source) / len(source)


def builder(name: str) -> Callable[..., nn.Module]:
    return getattr(models, name)


def test_all_builders_are_counted() -> None:
    of_their_own = {"ms_resnet18", "respike", "svformer"}  # test_ms_resnet18.py, test_respike.py, test_svformer.py
    assert set(PARAMETERS) | of_their_own == set(models.__all__)


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_parameters_and_shapes(name: str) -> None:
    model = builder(name)().eval()
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[name]
    shape = SHAPES.get(name, (3, 32, 32))
    with torch.no_grad():
        assert model(torch.rand(2, *shape)).shape == (2, 101 if name == "c3d" else 10)


@pytest.mark.parametrize("name", ["cifar_resnet20", "resnet18_cifar", "vgg16_cifar", "fashion_cnn"])
def test_number_of_classes(name: str) -> None:
    layers = [module for module in builder(name)(num_classes=7).modules() if isinstance(module, nn.Linear)]
    assert layers[-1].out_features == 7


def test_option_a_shortcut() -> None:
    """Every second pixel, and the old channels in the middle of the new ones."""
    block = models.cifar_resnet20().layer2[0].eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.rand(2, 16, 6, 6)
    with torch.no_grad():
        y = block(x)
    assert torch.equal(y[:, 8:24], x[:, :, ::2, ::2])
    assert not y[:, :8].any()
    assert not y[:, 24:].any()


def test_c3d_fits_its_clips() -> None:
    """Five pools, the last one padded: 4×4 positions of 112², 8×8 of 224², and one step of 16 frames, two of 32."""
    assert models.c3d().fc6.in_features == 512 * 4 * 4
    assert models.c3d(size=16, frames=32).fc6.in_features == 512 * 2
    with torch.no_grad():
        assert models.c3d(7, size=40, frames=32)(torch.rand(1, 3, 32, 40, 40)).shape == (1, 7)
    for wrong in ({"size": 15}, {"frames": 8}, {"dropout": 1.0}):
        with pytest.raises(InputError, match="no C3D has these settings"):
            models.c3d(**wrong)


def test_vgg_heads() -> None:
    model = models.vgg16_cifar(hidden=0)
    assert sum(parameter.numel() for parameter in model.parameters()) == 14_724_042
    assert models.vgg16_cifar(hidden=512, dropout=0.1).classifier[2].p == 0.1
    with pytest.raises(InputError, match="hidden=-1"):
        models.vgg16_cifar(hidden=-1)
    with pytest.raises(InputError, match="dropout=1"):
        models.vgg16_cifar(dropout=1.0)


def test_the_bundled_network_scores_as_measured() -> None:
    model = models.fashion_cnn(pretrained=True)
    assert not model.training
    accuracy = correct(model, "fashion:test")
    assert accuracy >= max(90, MEASURED - 0.5)
    with safe_open(WEIGHTS, "pt") as file:
        assert file.metadata()["test_accuracy"].startswith(f"{MEASURED:.2f} %")
    assert correct(model, "fashion:train") >= 90


def test_size_in_the_package() -> None:
    assert WEIGHTS.stat().st_size <= 700_000
    assert BUNDLED.stat().st_size + WEIGHTS.stat().st_size <= 1_500_000


def test_bundled_weights_have_ten_classes() -> None:
    with pytest.raises(InputError, match="10 classes"):
        models.fashion_cnn(num_classes=5, pretrained=True)


@pytest.mark.parametrize(
    ("name", "file"), [("cifar_resnet20", "resnet20-12fca82f"), ("cifar_resnet44", "resnet44-014dd654")]
)
def test_published_checkpoints(name: str, file: str) -> None:
    if "SNNCONV_DATA" not in os.environ:
        pytest.skip(f"SNNCONV_DATA names no folder with {file}.th and cifar10_test_5000.npz")
    folder = Path(os.environ["SNNCONV_DATA"])
    model = builder(name)().eval()
    load_weights(model, state_dict_of(load_pickle(folder / f"{file}.th")))
    imagenet = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert correct(model, f"npz:{folder / 'cifar10_test_5000.npz'}", imagenet, limit=500) >= 90
