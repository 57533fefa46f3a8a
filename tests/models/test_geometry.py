"""What a network takes, read off it as it was built."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor, nn

from snnconv.capture.examples import declared_shapes
from snnconv.io import build
from snnconv.io.usual_shapes import USUAL, Shapes, clips
from snnconv.models.geometry import read_shapes, takes

pytest.importorskip("pytorchvideo")
UNREAD = {"efficient_x3d_xs", "efficient_x3d_s"}  # pool any map
OTHER = {"x3d_l": clips((16, 320))}  # 312 pixels leave as large a last map
SHALLOW = [
    name for name in USUAL if name.startswith("pytorchvideo:") and not re.search("r101|mvit|x3d_[sm]$|8x8|16x8", name)
]


@pytest.mark.parametrize("spec", SHALLOW)
def test_the_table_of_usual_shapes_says_the_same(spec: str) -> None:
    with torch.device("meta"):
        model = build(spec)
    name = spec.partition(":")[2]
    assert read_shapes(model) == (() if name in UNREAD else OTHER.get(name, USUAL[spec]))
    assert model.training


# how a network is built → what it takes
ARGUMENTS: dict[str, tuple[str, dict[str, str], Shapes]] = {
    "another width": ("slowfast_4x16", {"stem_dim_outs": "(16, 2)"}, clips((4, 224), (32, 224))),
    "smaller pools": (
        "slowfast_4x16", {"head_pool_kernel_sizes": "((2, 1, 1), (16, 1, 1))"}, clips((2, 32), (16, 32)),
    ),
    "another ratio": (
        "slowfast_4x16",
        {"slowfast_fusion_conv_stride": "(2, 1, 1)", "head_pool_kernel_sizes": "((4, 2, 2), (8, 2, 2))"},
        clips((4, 64), (8, 64)),
    ),
    "linear laterals": ("slowfast_8x8", {"laterals": "linear"}, clips((8, 224), (32, 224))),
    "by its builder": (
        "create_slowfast",
        {"slowfast_fusion_conv_stride": "(8, 1, 1)", "head_pool_kernel_sizes": "((4, 7, 7), (32, 7, 7))"},
        clips((4, 224), (32, 224)),
    ),
    "of one pathway": ("create_resnet", {"head_pool_kernel_size": "(4, 7, 7)"}, clips((4, 224))),
    "grey": ("slowonly_4x16", {"input_channel": "1"}, ((1, 4, 224, 224),)),
    "sizes by name": ("create_x3d", {"input_clip_length": "8", "input_crop_size": "96"}, clips((8, 96))),
    "of a transformer": ("mvit_base_16x4", {"spatial_size": "64", "temporal_size": "8"}, clips((8, 64))),
}  # fmt: skip


@pytest.mark.parametrize("case", ARGUMENTS)
def test_arguments_change_what_goes_in(case: str) -> None:
    name, arguments, shapes = ARGUMENTS[case]
    with torch.device("cpu" if name.startswith("mvit") else "meta"):
        model = build(f"pytorchvideo:{name}", arch_args=arguments)
    assert tuple(declared_shapes(model)) == shapes


OWN: dict[str, tuple[dict[str, str], Shapes]] = {
    "snnconv:c3d": ({}, clips((16, 112))),
    "snnconv:respike": ({}, clips((16, 224))),
    "snnconv:svformer": ({"T": "4", "depth": "5"}, clips((20, 224))),
}


@pytest.mark.parametrize("spec", OWN)
def test_own_networks_tell(spec: str) -> None:
    arguments, shapes = OWN[spec]
    with torch.device("meta"):
        assert build(spec, arch_args=arguments).input_shapes == shapes
    if spec == "snnconv:respike":
        with torch.device("meta"):
            assert build(spec, arch_args={"stride": "6"}).input_shapes == clips((12, 224))


class Pooled(nn.Sequential):
    """A user's own network: strides 1, 2 in time and 2, 3 in space, and a last pooling of 3×5×5."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv3d(2, 4, 3, (1, 2, 2), 1), nn.BatchNorm3d(4), nn.ReLU(), nn.AvgPool3d(2, (2, 4, 4)),
            nn.AvgPool3d((3, 5, 5), 1), nn.Flatten(), nn.Linear(4, 3),
        )  # fmt: skip


def test_a_network_of_ones_own() -> None:
    model = Pooled()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model[1].eval()
    shapes = read_shapes(model)
    assert shapes == ((2, 6, 40, 40),)
    assert model(torch.randn(2, *shapes[0])).shape == (2, 3)
    assert [layer.training for layer in model] == [True, False, True, True, True, True, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items() if "batch" not in name)


class Branching(nn.Module):
    """It looks at values, which nothing here has."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv3d(3, 4, 1), nn.AvgPool3d((2, 7, 7), 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.conv(x)).mean((2, 3, 4)) if x.sum() > 0 else x


@pytest.mark.parametrize("model", [Branching(), nn.Sequential(nn.Conv2d(3, 4, 3)), nn.Linear(4, 2), nn.Conv3d(3, 4, 3)])
def test_networks_that_tell_nothing(model: nn.Module) -> None:
    assert read_shapes(model) == ()


def test_what_it_takes() -> None:
    model = Pooled()
    assert takes(model, ((2, 6, 40, 40),))
    assert takes(model, ((2, 8, 64, 64),)) is False  # the classifier reads one place
    assert not takes(model, ((3, 6, 40, 40),))
    assert not takes(model, ((2, 5, 40, 40),))
