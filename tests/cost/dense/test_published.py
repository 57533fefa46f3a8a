"""Published totals of whole networks, random weights: which network, classes, input and convention give them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from snnconv.cost.dense import count
from snnconv.io.factory import build

SLOW, SLOWFAST = "pytorchvideo:slowonly_4x16", "pytorchvideo:slowfast_4x16"
FUSION_7 = {"slowfast_fusion_conv_kernel_size": "(7, 1, 1)"}
I3D_STRIDES = {"stem_conv_stride": "(2, 2, 2)", "stem_pool_stride": "(2, 2, 2)"}


@dataclass(frozen=True)
class Case:
    """A network, one input, and G operations by convention, to the digits that were published.

    Attributes:
        inputs: how many such inputs the publication counts.
        classes: that the network was published with; None: the network's own default, 400.
    """

    network: str
    shape: tuple[int, ...] | list[tuple[int, ...]]
    totals: dict[str, float]
    classes: int | None = None
    arguments: dict[str, str] = field(default_factory=dict)
    inputs: int = 1


def pathways(slow: int, fast: int, size: int) -> list[tuple[int, ...]]:
    return [(3, slow, size, size), (3, fast, size, size)]


CASES = {
    "resnet18": Case("torchvision:resnet18", (3, 224, 224), {"fvcore-train": 29.2165}, 51, inputs=16),
    "resnet50": Case("torchvision:resnet50", (3, 224, 224), {"fvcore-train": 66.2866}, 51, inputs=16),
    "r3d_18": Case("torchvision:r3d_18", (3, 16, 224, 224), {"fvcore-train": 163.212, "conv": 162.785}, 51),
    # The first linear layer fits the 8×8 positions that 224² leaves. Published as 154.19, which no convention gives.
    "c3d at 224": Case("snnconv:c3d", (3, 16, 224, 224), {"mac": 154.138}, 101, {"size": "224"}),
    "c3d at 112": Case("snnconv:c3d", (3, 16, 112, 112), {"mmcv": 38.6155}, 101),
    "slowonly": Case(SLOW, (3, 4, 224, 224), {"mmcv": 21.0012, "mac": 20.870}, 101),
    "slowfast": Case(SLOWFAST, pathways(4, 32, 224), {"mmcv": 27.9047, "mac": 27.638}, 101),
    # mmaction2's I3D strides in time in the stem and in its pool, the one of pytorchvideo in neither.
    "i3d": Case("pytorchvideo:i3d_r50", (3, 32, 224, 224), {"mmcv": 33.3533}, 101, I3D_STRIDES),
    "slow 4x16": Case(SLOW, (3, 4, 256, 256), {"fvcore-train": 27.55}),
    "slowfast 4x16": Case(SLOWFAST, pathways(4, 32, 256), {"fvcore-train": 36.69}),
    "i3d 8x8": Case("pytorchvideo:i3d_r50", (3, 8, 256, 256), {"fvcore-train": 37.53}),
    "slow 8x8": Case("pytorchvideo:slowonly_8x8", (3, 8, 256, 256), {"mac": 54.52}),
    "slowfast 8x8": Case("pytorchvideo:slowfast_8x8", pathways(8, 32, 256), {"mac": 65.71}),
    "slowfast 8x8, r101": Case("pytorchvideo:slowfast_8x8_r101", pathways(8, 32, 256), {"fvcore-train": 127.20}),
    "respike keys, resnet18": Case("torchvision:resnet18", (3, 224, 224), {"conv": 7.2542}, inputs=4),
    "respike keys, resnet50": Case("torchvision:resnet50", (3, 224, 224), {"conv": 16.3485}, inputs=4),
}

PARAMETERS = {
    "slow": (SLOW, {}, (3, 4, 224, 224), 32_454_096),
    "slowfast, fusion 5": (SLOWFAST, {}, pathways(4, 32, 224), 34_480_216),
    "slowfast, fusion 7": (SLOWFAST, FUSION_7, pathways(4, 32, 224), 34_566_488),
    "i3d": ("pytorchvideo:i3d_r50", {}, (3, 8, 224, 224), 28_043_472),
}


LONG = {"r3d_18", "c3d at 224", "slow 8x8", "slowfast 8x8", "slowfast 4x16"}  # counted from large clips


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in CASES]
)
def test_published_totals(name: str) -> None:
    case = CASES[name]
    model = build(case.network, num_classes=case.classes, arch_args=case.arguments)
    for convention, wanted in case.totals.items():
        result = count(model, case.shape, convention=convention)
        digits = len(str(wanted).partition(".")[2])
        assert round(result.ops * case.inputs / 1e9, digits) == wanted
        assert result.unsupported_ops() == []
        assert result.parameters == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", PARAMETERS)
def test_published_parameters(name: str) -> None:
    network, arguments, shape, wanted = PARAMETERS[name]
    assert count(build(network, arch_args=arguments), shape).parameters == wanted


def test_no_forward_runs() -> None:
    """148 G operations on a clip of 32 × 256²: a real forward of the two samples takes minutes on a CPU core."""
    model = build("pytorchvideo:i3d_r50")
    start = time.perf_counter()
    assert count(model, (3, 32, 256, 256)).ops > 148e9
    assert time.perf_counter() - start < 20
