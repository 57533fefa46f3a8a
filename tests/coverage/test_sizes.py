"""Every network of the zoos has a size, and takes inputs of it."""

from __future__ import annotations

import importlib.util
import warnings

import pytest
import torch
from torch import nn

from snnconv import InputError
from snnconv.capture.examples import as_arguments
from snnconv.coverage.sizes import SIZES, build_sized, size_of
from snnconv.coverage.zoo import SAMPLE, ZOOS, families_first, listed, sampled, zoo
from snnconv.models.video_backbones import VIDEO_BACKBONES

HAS_VIDEO = importlib.util.find_spec("pytorchvideo") is not None
needs_video = pytest.mark.skipif(not HAS_VIDEO, reason="pytorchvideo is not installed")
HERE = [name for name in ZOOS if HAS_VIDEO or name != "pytorchvideo"]
ALL = zoo(HERE)


def on_meta(name: str) -> tuple[nn.Module, list[str], torch.Tensor]:
    """Built and run on shapes alone, but for networks that compute their widths with tensors as they are built."""
    computes = size_of(name).family.startswith("RegNet") or name.startswith("pytorchvideo:mvit")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the zoos' own code
        with torch.device("cpu" if computes else "meta"):
            model, told = build_sized(name)
        leaves = tuple(torch.empty(2, *shape, device="meta") for shape in size_of(name).shapes)
        with torch.device("meta"):
            return model, told, model.to("meta")(*as_arguments(model, leaves))


def check(name: str) -> None:
    model, told, output = on_meta(name)
    assert output.shape[0] == 2
    assert output.shape[1] in (400, 1000)
    assert not model.training
    assert len(told) >= len([path for path in size_of(name).keep if not path.startswith("pos_")])


LARGE = "torchvision:regnet_y_128gf"  # seconds to build
first_of_each = list({size_of(name).names: name for name in reversed(ALL) if name != LARGE}.values())


@pytest.mark.parametrize("name", sorted(first_of_each))
def test_each_size_is_taken(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(ALL) - set(first_of_each)))
def test_every_network_takes_its_size(name: str) -> None:
    check(name)


def test_all_of_both_zoos_are_listed() -> None:
    from torchvision import models

    assert len(listed("torchvision")) == len(models.list_models(models)) + len(models.list_models(models.video))
    assert {"torchvision:resnet18", "torchvision:swin3d_t", "torchvision:maxvit_t"} <= set(ALL)


@needs_video
def test_detectors_are_left_out() -> None:
    names = listed("pytorchvideo")
    assert {"pytorchvideo:slowfast_r50", "pytorchvideo:efficient_x3d_xs", "pytorchvideo:mvit_base_16"} <= set(names)
    assert not [name for name in names if "detection" in name]
    assert len(names) == 17 + len(VIDEO_BACKBONES)


@needs_video
def test_settings_that_the_hub_does_not_name_are_listed() -> None:
    """At the frames in their name, so that no two are the same network."""
    own = {f"pytorchvideo:{name}" for name in VIDEO_BACKBONES}
    assert own <= set(listed("pytorchvideo"))
    assert all(size_of(name).shapes[0][1] == int(name.partition("x")[0][-1]) for name in own)


@needs_video
def test_every_line_of_the_table_is_used() -> None:
    assert {size_of(name).names for name in ALL} == {size.names for size in SIZES}


def test_what_is_made_smaller_is_told() -> None:
    _, told, _ = on_meta("torchvision:vit_h_14")
    assert told == ["input", "4 of 32 blocks in encoder.layers"]
    _, told, _ = on_meta("torchvision:s3d")
    assert told == ["input", "avgpool pools 2×2×2"]
    _, told, _ = on_meta("torchvision:maxvit_t")
    assert told == []


def test_one_of_each_family_comes_first() -> None:
    names = ["torchvision:vgg11", "torchvision:vgg13", "torchvision:vgg16", "torchvision:alexnet", "torchvision:swin_t"]
    order = [name.partition(":")[2] for name in families_first(names)]
    assert order == ["vgg11", "alexnet", "swin_t", "vgg13", "vgg16"]
    families = [size_of(name).family for name in ALL]
    distinct = len(set(families))
    assert len(set(families[:distinct])) == distinct


def test_a_sample_begins_with_the_small_ones() -> None:
    known = [name for name in SAMPLE if name in ALL]
    assert set(sampled(ALL, len(known), 0)) == set(known)
    more = sampled(ALL, len(known) + 3, 0)
    assert set(known) < set(more)
    assert more == sampled(ALL, len(known) + 3, 0)
    assert more != sampled(ALL, len(known) + 3, 1)
    assert sampled(ALL, 1000, 0) == ALL


@pytest.mark.parametrize(
    ("zoos", "pattern", "words"),
    [
        (["timm"], None, "unknown zoo 'timm'"),
        (["torchvision"], "lenet5", "matches no network"),
        (["torchvision"], "(", "not a regular expression"),
    ],
)
def test_refusals(zoos: list[str], pattern: str | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        zoo(zoos, pattern)


def test_a_network_without_a_size_is_told() -> None:
    with pytest.raises(InputError, match="no size is told for torchvision:lenet"):
        size_of("torchvision:lenet")
    with pytest.raises(InputError, match="at least 1"):
        sampled(ALL, 0, 0)
