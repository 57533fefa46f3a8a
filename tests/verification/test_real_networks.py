"""Networks of others: stock architectures, a trained one on real images, ONNX files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torchvision import models

from snnconv.data import open_data
from snnconv.io import open_model
from snnconv.verification import Verification, verify

from ..networks import spread_norms

FOLDER = os.environ.get("SNNCONV_DATA")


def test_a_trained_network_on_real_images() -> None:
    model = open_model("snnconv:fashion_cnn", arch_args=["pretrained=true"]).model
    result = verify(model, open_data("fashion:test", batch_size=4), within=0.02)
    assert result.held, result.checks
    assert len(result.checks) == 9
    assert (result.converted, result.total) == (5, 5)
    assert result.data == "fashion:test"
    assert result.notices == []
    assert result.slope is not None
    assert result.slope < -0.8


def stock(name: str, size: int) -> Verification:
    torch.manual_seed(0)
    model = spread_norms(models.get_model(name, num_classes=10))
    return verify(model, input_shape=(3, size, size), T=8, samples=2)


@pytest.mark.parametrize(("name", "size", "sites"), [("resnet18", 32, 17), ("mobilenet_v3_small", 64, 42)])
def test_stock_networks(name: str, size: int, sites: int) -> None:
    result = stock(name, size)
    assert result.held, result.checks
    assert (result.converted, result.total) == (sites, sites)
    assert result.canonical_error is not None
    assert result.canonical_error < 1e-5


@pytest.mark.skipif(not FOLDER, reason="SNNCONV_DATA does not point at the CIFAR-10 data and the ONNX classifiers")
@pytest.mark.parametrize("name", ["cifar10_small", "Convnet_maxpool"])
def test_onnx_files(name: str) -> None:
    model = open_model(str(Path(str(FOLDER)) / "onnx" / f"{name}.onnx")).model
    result = verify(model, T=16)
    assert result.held, result.checks
    assert result.canonical_precision == "float64"
