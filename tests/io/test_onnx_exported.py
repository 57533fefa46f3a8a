"""Networks of several kinds through both of PyTorch's ONNX exporters, with a free batch and with one of 1."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx

from .onnx_files import node, random_inputs, save_model

HAS_ONNXSCRIPT = importlib.util.find_spec("onnxscript") is not None


class CNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.pool = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.MaxPool2d(2)
        self.depthwise, self.fc = nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Linear(64, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.bn(self.conv(x))))
        x = F.interpolate(F.relu(self.depthwise(x) + x), scale_factor=2.0)
        return self.fc(F.hardswish(F.avg_pool2d(x, 2)).view(x.size(0), -1))


class ViT(nn.Module):
    """Patches, a class token, positions, one block."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 3)
        self.token, self.position = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x)
        batch, channels, height, width = x.shape
        x = x.reshape(batch, channels, height * width).permute(0, 2, 1)
        x = torch.cat([self.token.expand(batch, -1, -1), x], 1) + self.position
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return self.head((x + self.mlp(self.norm2(x)))[:, 0])


class Video(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv3d(3, 4, 3, (1, 2, 2), 1, bias=False), nn.BatchNorm3d(4)
        self.pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.temporal = nn.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0))
        self.average, self.fc = nn.AdaptiveAvgPool3d(1), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.bn(self.conv(x))))
        return self.fc(self.average(F.relu(self.temporal(x) + x)).flatten(1))


class Sized(nn.Module):
    """Sizes of a resize, a slice, a pad and a reshape that the file computes from those of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 3, 1), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.interpolate(F.relu(self.a(x)), size=x.shape[2:], mode="bilinear", align_corners=False)
        y = F.relu(self.b(y))
        z = F.interpolate(y[:, :, : y.shape[2] // 2], size=(x.shape[2], x.shape[3]))
        y = F.pad(y + z, (0, x.shape[3] % 3, 1, 0))
        return self.head(y.reshape(y.shape[0], y.shape[1], -1).mean(-1))


NETWORKS: dict[type[nn.Module], tuple[int, ...]] = {
    CNN: (3, 8, 8), ViT: (3, 8, 8), Video: (3, 4, 16, 16), Sized: (3, 8, 8),
}  # fmt: skip


def export(model: nn.Module, shape: tuple[int, ...], path: Path, dynamo: bool, free: bool) -> None:
    x = torch.randn(2 if free else 1, *shape)
    settings: dict[str, Any] = {"dynamo": dynamo, "input_names": ["x"]}
    if dynamo:
        settings |= {"verbose": False, "dynamic_shapes": ({0: torch.export.Dim("n")},) if free else None}
    elif free:
        settings["dynamic_axes"] = {"x": {0: "n"}}
    torch.onnx.export(model, (x,), str(path), **settings)


@pytest.mark.filterwarnings("ignore")  # of the exporters
@pytest.mark.parametrize("free", [True, False], ids=["any batch", "batch of 1"])
@pytest.mark.parametrize("dynamo", [True, False], ids=["dynamo", "torchscript"])
@pytest.mark.parametrize("net", NETWORKS)
def test_it_loads_and_agrees(net: type[nn.Module], dynamo: bool, free: bool, tmp_path: Path) -> None:
    if dynamo and not HAS_ONNXSCRIPT:
        pytest.skip("torch.onnx.export(dynamo=True) needs the package onnxscript")
    model, shape, path = net().eval(), NETWORKS[net], tmp_path / "net.onnx"
    export(model, shape, path, dynamo, free)
    network, notes = open_onnx(path)
    assert notes[-1].startswith("agrees with onnxruntime")
    x = torch.randn(3, *shape)
    with torch.no_grad():
        torch.testing.assert_close(network(x), model(x), rtol=1e-4, atol=1e-5)
        snn = snnconv.convert(network, 32, data=[x])
        torch.testing.assert_close(snn(x), model(x), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("given", ["sizes", "scales"])
@pytest.mark.parametrize(("mode", "coordinates"), [("nearest", "asymmetric"), ("linear", "half_pixel")])
def test_resize_by_what_is_computed(given: str, mode: str, coordinates: str, tmp_path: Path) -> None:
    """To twice the size of the input, in sizes or in factors: Shape, Slice, Mul, Concat, or Div and Cast."""
    nodes = [
        node("Shape", ["x"], ["shape"]), node("Slice", ["shape", "two", "four"], ["space"]),
        node("Mul", ["space", "twice"], ["large"]), node("Slice", ["shape", "zero", "two"], ["front"]),
        node("Concat", ["front", "large"], ["sizes"], axis=0), node("Div", ["large", "space"], ["factor"]),
        node("Cast", ["factor"], ["floats"], to=1), node("Concat", ["ones", "floats"], ["scales"], axis=0),
        node("Resize", ["x", "", "", "sizes"] if given == "sizes" else ["x", "", "scales"], ["y"], mode=mode,
             coordinate_transformation_mode=coordinates, nearest_mode="floor"),
    ]  # fmt: skip
    constants = {"zero": np.array([0]), "two": np.array([2]), "four": np.array([4]), "twice": np.array([2, 2]),
                 "ones": np.ones(2, np.float32)}  # fmt: skip
    used = {name for part in nodes for name in part.input}
    constants = {name: array for name, array in constants.items() if name in used}
    path = save_model(tmp_path / "net.onnx", nodes, constants, {"x": ("n", 2, 3, 4)})
    network, _ = open_onnx(path)
    (x,) = random_inputs((3, 2, 3, 4))
    assert network(x).shape == (3, 2, 6, 8)
    assert compare_with_onnxruntime(path, network, (x,)) < 1e-6


def test_pad_by_what_is_computed(tmp_path: Path) -> None:
    """As many columns in front as there are rows."""
    nodes = [
        node("Shape", ["x"], ["rows"], start=2, end=3),
        node("Concat", ["zeros", "rows", "more"], ["pads"], axis=0),
        node("Pad", ["x", "pads"], ["y"]),
    ]
    constants = {"zeros": np.array([0, 0, 0]), "more": np.array([0, 0, 0, 1])}
    path = save_model(tmp_path / "net.onnx", nodes, constants, {"x": ("n", 2, 3, 4)})
    network, _ = open_onnx(path)
    (x,) = random_inputs((3, 2, 3, 4))
    assert network(x).shape == (3, 2, 3, 8)
    assert compare_with_onnxruntime(path, network, (x,)) < 1e-6
