"""ResNet-20 with its trained weights on 200 test images, and a transformer: what is exported gives what `run` gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torchvision.models import VisionTransformer

import snnconv
from snnconv.data import open_data
from snnconv.export import FORMATS, export
from snnconv.io import open_model

from ..test_real_network import NORMALIZATION

FOLDER = os.environ.get("SNNCONV_DATA")
IMAGES, T = 200, 4
# format → method, weights
CASES = {
    "onnx-step": ("auto", "float"), "onnx": ("sdm-zero", 8), "pt2-step": ("auto", 8), "c": ("auto", 8),
    "nir": ("if", "float"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="SNNCONV_DATA is not set: no trained weights")
@pytest.mark.parametrize("to", CASES)
def test_resnet20(to: str, tmp_path: Path) -> None:
    method, bits = CASES[to]
    model = open_model("snnconv:cifar_resnet20", weights=f"{FOLDER}/resnet20-12fca82f.th").model
    train, test = (
        open_data(f"npz:{FOLDER}/{name}", batch_size=100, limit=IMAGES, normalization=NORMALIZATION)
        for name in ("cifar10_train_0.npz", "cifar10_test_5000.npz")
    )
    snn = snnconv.convert(model, T, data=train, method=method, weight_bits=bits)
    result = export(snn, tmp_path / f"net{FORMATS[to].suffix}", to, check=test, samples=IMAGES)
    assert result is not None
    assert result.samples == IMAGES
    assert result.holds, result.verdict
    assert result.accuracy["exported"] == result.accuracy["snn"]


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx-step", "onnx", "pt2-step"])
def test_a_transformer(to: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = VisionTransformer(16, 8, 2, 2, 16, 32, num_classes=3).eval()
    torch.nn.init.normal_(model.heads.head.weight)
    snn = snnconv.convert(model, T, data=[torch.randn(8, 3, 16, 16)], method="auto")
    result = export(snn, tmp_path / f"net{FORMATS[to].suffix}", to)
    assert result is not None
    assert not result.silent
    assert max(result.errors) < 1e-4
