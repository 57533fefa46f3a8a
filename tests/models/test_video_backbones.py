"""SlowFast and SlowOnly by the names of their papers: the weights of the model zoo fit, and video networks convert."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import InputError
from snnconv.coverage import make_realistic
from snnconv.io import build
from snnconv.io.open import open_model
from snnconv.io.usual_shapes import Shapes, clips
from snnconv.models.video_backbones import VIDEO_BACKBONES
from snnconv.verification import verify

pytest.importorskip("pytorchvideo")
Made = tuple[nn.Module, tuple[Tensor, ...]]

# Small clips, and pooling over what is left of them.
TWO = {"head_pool_kernel_sizes": "((2, 1, 1), (16, 1, 1))"}
ONE = {"head_pool_kernel_size": "(1, 1, 1)"}
SMALL: dict[str, tuple[Shapes, dict[str, str]]] = {
    "pytorchvideo:slowfast_4x16": (clips((2, 32), (16, 32)), TWO),
    "pytorchvideo:slowfast_4x16_r101": (clips((2, 32), (16, 32)), TWO),
    "pytorchvideo:slowfast_8x8": (clips((2, 32), (8, 32)), {"head_pool_kernel_sizes": "((2, 1, 1), (8, 1, 1))"}),
    "pytorchvideo:slowonly_4x16": (clips((2, 32)), ONE),
    "pytorchvideo:i3d_r50": (clips((2, 32)), ONE),
    "pytorchvideo:r2plus1d_r50": (clips((8, 32)), ONE),
    "snnconv:c3d": (clips((16, 32)), {"size": "32"}),
    "torchvision:r2plus1d_18": (clips((4, 32)), {}),
    "torchvision:r3d_18": (clips((4, 32)), {}),
    "torchvision:mc3_18": (clips((4, 32)), {}),
}


def small(name: str) -> Made:
    """A network, and two clips for it."""
    shapes, arguments = SMALL[name]
    torch.manual_seed(0)
    model = build(name, arch_args=arguments).eval()
    return model, two_clips(shapes)


def two_clips(shapes: Shapes) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(2, *shape, generator=generator) for shape in shapes)


@pytest.mark.parametrize("name", VIDEO_BACKBONES)
def test_each_takes_its_clips_and_classes(name: str) -> None:
    spec = f"pytorchvideo:{name}"
    with torch.device("meta"):
        model = build(spec, num_classes=101, arch_args={"dropout_rate": "0.8"}).eval()
        leaves = [torch.empty(1, *shape) for shape in model.input_shapes]  # type: ignore[union-attr]
        assert model(leaves if len(leaves) > 1 else leaves[0]).shape == (1, 101)
    slow, *fast = leaves
    assert slow.shape[2] == int(name.split("_")[1].partition("x")[0])
    assert [leaf.shape[2] for leaf in fast] == ([32] if name.startswith("slowfast") else [])
    assert [module.p for module in model.modules() if isinstance(module, nn.Dropout)] == [0.8]


NAMED_TWICE = {"slowfast_8x8": "slowfast_r50", "slowfast_8x8_r101": "slowfast_r101", "slowonly_8x8": "slow_r50"}


@pytest.mark.parametrize(("name", "hub"), NAMED_TWICE.items())
def test_the_settings_that_the_hub_has_too_are_the_same_network(name: str, hub: str) -> None:
    with torch.device("meta"):
        ours, theirs = build(f"pytorchvideo:{name}"), build(f"pytorchvideo:{hub}")
    assert str(ours) == str(theirs)
    assert ours.input_shapes == theirs.input_shapes
    shapes = {key: value.shape for key, value in ours.state_dict().items()}
    assert shapes == {key: value.shape for key, value in theirs.state_dict().items()}


def test_only_the_lateral_convolutions_of_4x16_are_others() -> None:
    with torch.device("meta"):
        fine, coarse = (build(f"pytorchvideo:slowfast_{name}").state_dict() for name in ("8x8", "4x16"))
    assert fine.keys() == coarse.keys()
    other = {key for key in fine if fine[key].shape != coarse[key].shape}
    assert other == {f"blocks.{stage}.multipathway_fusion.conv_fast_to_slow.weight" for stage in range(4)}


def test_a_checkpoint_of_the_model_zoo_opens(tmp_path: Path) -> None:
    """{"model_state": …}, as pytorchvideo publishes them."""
    state = build("pytorchvideo:slowfast_4x16", num_classes=7).state_dict()
    file = str(tmp_path / "SLOWFAST_4x16_R50.pyth")
    torch.save({"model_state": state}, file)
    opened = open_model(file, arch="pytorchvideo:slowfast_4x16", num_classes=7).model
    assert isinstance(opened, nn.Module)
    assert opened.input_shapes == ((3, 4, 224, 224), (3, 32, 224, 224))
    found = opened.state_dict()
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], value) for key, value in state.items())
    for arch, classes, told in (("slowfast_4x16", 101, "7, 2304"), ("slowfast_8x8", 7, "conv_fast_to_slow")):
        with pytest.raises(InputError, match=rf"do not fit the network[\s\S]*{told}"):
            open_model(file, arch=f"pytorchvideo:{arch}", num_classes=classes)


@pytest.mark.slow
def test_pathways_and_lateral_connections() -> None:
    """SlowFast of one block a stage, in the default method: lists in, the canonical ANN equal, the error falls."""
    model, leaves = small("pytorchvideo:slowfast_4x16")
    for stage in model.blocks[1:5]:  # type: ignore[index]
        for pathway in stage.multipathway_blocks:  # type: ignore[union-attr]
            del pathway.res_blocks[1:]
    make_realistic(model, [list(leaves)])
    snn = snnconv.convert(model, T=4, data=[leaves])
    assert len(snn.sites) == 2 * (1 + 4 * 3) + 4
    assert {f"blocks.{stage}.multipathway_fusion.activation" for stage in range(4)} < set(snn.sites)
    with torch.no_grad():
        wanted = model(list(leaves))
        torch.testing.assert_close(snn.ann(list(leaves)), wanted, rtol=1e-4, atol=1e-4)
    assert torch.equal(snn([*leaves]), snn.run([*leaves]).logits[-1])
    errors = [float((logits - wanted).norm() / wanted.norm()) for logits in snn.run([*leaves], T=8).logits]
    assert errors[7] < errors[3] < errors[0] < 0.05


def s3d() -> Made:
    model = build("torchvision:s3d").eval()
    model.avgpool.kernel_size = (2, 2, 2)  # type: ignore[union-attr]
    return model, two_clips(clips((16, 64)))


@pytest.mark.slow
@pytest.mark.parametrize("make", [*(partial(small, name) for name in SMALL), s3d], ids=[*SMALL, "s3d"])
def test_every_3d_backbone_holds(make: Callable[[], Made]) -> None:
    torch.manual_seed(0)
    model, leaves = make()
    make_realistic(model, [list(leaves) if len(leaves) > 1 else leaves[0]])
    found = verify(model, [{"input": leaves if len(leaves) > 1 else leaves[0]}], T=8, samples=2, within=0.03)
    assert found.held, found
