"""ReSpike: parameters to the last one as published, segments that do not see each other, and gradients everywhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError
from snnconv.bench.count import count
from snnconv.models import respike
from snnconv.models.respike.fusion import Fusion
from snnconv.neurons import LIF


def size(module: nn.Module | None) -> int:
    assert module is not None
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("backbone", "parts"),
    [
        ("resnet18", (11_176_512, 11_173_056, 7_679_680, 52_275)),
        ("resnet50", (23_508_032, 11_173_056, 9_768_640, 130_611)),
    ],
)
def test_parameters_are_the_published_ones(backbone: str, parts: tuple[int, ...]) -> None:
    with torch.device("meta"):
        model = respike(backbone)
    assert tuple(map(size, (model.ann, model.snn, model.fusions, model.head))) == parts
    assert size(model) == {"resnet18": 30_081_523, "resnet50": 44_580_339}[backbone] == sum(parts)


@pytest.mark.parametrize(
    ("backbone", "ann", "fusions"),
    [
        ("resnet18", 7_254_245_376, 8_727_011_328),
        pytest.param("resnet50", 16_348_545_024, 10_865_713_152, marks=pytest.mark.slow),
    ],
)
def test_operations_are_the_published_ones(backbone: str, ann: int, fusions: int) -> None:
    """16 frames in segments of 4: 7.2542 and 16.3485 G of key frames, 8.7270 and 10.8657 G of attention."""
    by_layer = count(respike(backbone).eval(), (3, 16, 224, 224)).by_layer
    parts = {"ann": ann, "fusions": fusions, "snn.stages": 20_500_709_376, "snn.stem": 346_816_512 * 12 // 16}
    for part, operations in parts.items():
        assert sum(found for name, found in by_layer.items() if name.startswith(part)) == operations, part


def test_neurons_are_the_published_ones() -> None:
    fires = [module for module in respike().modules() if isinstance(module, LIF)]
    assert len(fires) == 16
    assert {(n.tau, n.threshold, n.reset, n.surrogate, n.alpha) for n in fires} == {(4 / 3, 1.0, "hard", "atan", 2.0)}


def test_sizes_of_maps_and_tokens() -> None:
    """224² gives 56², 28², 14², 7² in both branches, and 14², 14², 14², 7² tokens."""
    with torch.device("meta"):
        model = respike()
        tokens: list[int] = []
        for fusion in model.fusions:
            assert isinstance(fusion, Fusion)
            fusion.self_attention.register_forward_pre_hook(lambda _, args: tokens.append(args[0].shape[1]))
        sides: list[int] = []
        assert model.snn is not None
        for stage in model.snn.stages:
            stage.register_forward_hook(lambda _, args, map: sides.append(map.shape[-1]))
        assert model(torch.rand(1, 3, 8, 224, 224)).shape == (1, 51)
    assert sides == [56, 28, 14, 7]
    assert tokens == [196, 196, 196, 49]


@pytest.mark.parametrize(
    ("settings", "clip"),
    [
        ({}, (3, 8, 64, 64)),
        ({"stride": 2, "in_channels": 1}, (1, 4, 32, 40)),
        ({"branches": "key"}, (3, 4, 64, 64)),
        ({"branches": "residual"}, (3, 4, 64, 64)),
        ({"fusion": False}, (3, 4, 64, 64)),
        ({"cross": False}, (3, 4, 64, 64)),
        ({"neuron": "plif", "tau": 2.0, "reset": "soft"}, (3, 4, 64, 64)),
    ],
)
def test_forms_and_sizes_train(settings: dict[str, Any], clip: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = respike(num_classes=4, **settings)
    logits = model(torch.rand(2, *clip))
    assert logits.shape == (2, 4)
    logits.square().sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


def fused(x: Tensor, key: Tensor, settings: dict[str, Any]) -> Tensor:
    torch.manual_seed(0)
    fusion = Fusion(64, 96, **settings)
    nn.init.normal_(fusion.proj_out.weight, std=0.1)
    return fusion(x, key)


def test_fusion_begins_as_nothing_and_then_sees_the_key_frame_of_its_own_sample() -> None:
    torch.manual_seed(1)
    x, key = torch.randn(3 * 2, 64, 8, 8), torch.randn(2, 96, 8, 8)
    assert torch.equal(Fusion(64, 96, 2)(x, key), x)
    other = key.clone()
    other[1] += 1
    changed = fused(x, key, {"pool": 2}) != fused(x, other, {"pool": 2})
    by_sample = changed.unflatten(0, (2, 3)).flatten(2).any(2)  # [B, steps]
    assert by_sample.tolist() == [[False] * 3, [True] * 3]
    without = {"pool": 2, "cross": False}
    assert torch.equal(fused(x, key, without), fused(x, other, without))


def test_clips_are_as_the_paper_folds_them() -> None:
    """Segments one after the other, each from a fresh state: what the folded batch gives, to rounding."""
    torch.manual_seed(0)
    model = respike(num_classes=4, stride=3)
    model(torch.rand(4, 3, 6, 64, 64))  # statistics that let neurons fire
    model.eval()
    clips = torch.rand(2, 3, 6, 64, 64)
    with torch.no_grad():
        whole = model.segment_logits(clips)
        parts = [model.segment_logits(clips[:, :, start : start + 3])[:, 0] for start in (0, 3)]
        torch.testing.assert_close(whole, torch.stack(parts, 1), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(model(clips), whole.mean(1))
        torch.testing.assert_close(model(clips)[1:], model(clips[1:]), atol=1e-5, rtol=1e-4)


def test_a_clip_that_stands_still_gives_the_spiking_branch_nothing() -> None:
    torch.manual_seed(0)
    model = respike(num_classes=4)
    assert model.snn is not None
    seen: list[Tensor] = []
    model.snn.stem.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    model(torch.rand(2, 3, 1, 64, 64).expand(2, 3, 4, 64, 64))
    assert seen[0].shape == (3 * 2, 3, 64, 64)
    assert not seen[0].any()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backbone": "resnet34"}, "resnet18, resnet50"),
        ({"branches": "none"}, "both, key, residual"),
        ({"neuron": "izhikevich"}, "lif, plif, relu"),
        ({"stride": 1}, "stride ≥ 2"),
    ],
)
def test_bad_settings_are_one_error(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        respike(**settings)


def test_a_clip_that_does_not_divide_is_one_error() -> None:
    with pytest.raises(InputError, match="a multiple of the stride 4"):
        respike()(torch.rand(1, 3, 6, 64, 64))
