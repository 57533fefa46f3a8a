"""ReSpike: parameters to the last one as published, segments that do not see each other, and gradients everywhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snnconv import InputError
from snnconv.cost.dense import count
from snnconv.io import load_weights
from snnconv.io.key_names import KEY_NAMES
from snnconv.models import respike
from snnconv.models._respike.fusion import Fusion
from snnconv.models.spiking_layer import EachStepNorm
from snnconv.neurons import LIF

from .naive_respike import Naive, authors_file


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
        ({"branches": "key", "stride": 1}, (3, 3, 64, 64)),
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


@pytest.mark.parametrize("training", [False, True])
def test_it_is_what_its_authors_run_step_by_step(training: bool) -> None:
    """Logits and running statistics of a loop over the time steps, to the rounding of sums in another order.

    The weights come from a file with its authors' names.
    """
    naive = Naive(authors_file(4), stride=4, training=True)
    clips = torch.rand(2, 3, 8, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        naive.logits(clips)  # statistics that let neurons fire
        naive.training = training
        model = respike(num_classes=4, stride=4).train(training)
        notes = load_weights(model, naive.values, "hmdb51-resnet18-4.pth")
        torch.testing.assert_close(model(clips), naive.logits(clips), atol=1e-4, rtol=1e-4)
    assert notes == ("the names of the weights were read as those of ReSpike's authors",)
    theirs = KEY_NAMES["ReSpike's authors"](naive.values)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(
            value, theirs[name], atol=1e-5, rtol=1e-4, msg=lambda said, name=name: f"{name}: {said}"
        )
    spikes: list[Tensor] = []
    last = model.get_submodule("snn.stages.3.1.residual.4")
    last.register_forward_pre_hook(lambda _, args: spikes.append(args[0]))
    model(clips)
    assert 0.01 < spikes[0].mean() < 0.6


def test_coarse_fusions_pass_the_pooled_map_alone() -> None:
    """Two maps with the same means over the patches go on as one, and the result is the pooled map, enlarged."""
    torch.manual_seed(0)
    fusion, x, key = Fusion(64, 96, 4), torch.randn(2, 64, 16, 8), torch.randn(2, 96, 16, 8)
    pooled = F.avg_pool2d(x, 4)
    assert torch.equal(fusion(x, key), F.interpolate(pooled, (16, 8), mode="bilinear"))
    nn.init.normal_(fusion.proj_out.weight, std=0.1)
    flat = pooled.repeat_interleave(4, 2).repeat_interleave(4, 3)
    torch.testing.assert_close(fusion(x, key), fusion(flat, key))


def test_group_norm_adds_a_millionth() -> None:
    fusion = Fusion(64, 64, 1)
    x = 1e-3 * torch.randn(1, 64, 4, 4)  # of variance 1e-6, which 1e-5 would swamp
    torch.testing.assert_close(fusion.norm(x), F.group_norm(x, 32, eps=1e-6))
    assert not torch.allclose(fusion.norm(x), F.group_norm(x, 32, eps=1e-5), rtol=0.3)


def test_norms_of_the_spiking_branch_see_one_step_after_the_other() -> None:
    """s − 1 updates of the running statistics; each step normalised by itself; in eval mode plain BatchNorm."""
    torch.manual_seed(0)
    norm, plain = EachStepNorm(3, 5), nn.BatchNorm2d(5)
    nn.init.normal_(norm.weight)
    plain.load_state_dict(norm.state_dict())
    x = torch.randn(4, 3, 5, 6, 7) * torch.tensor([1.0, 2.0, 4.0]).view(3, 1, 1, 1)  # [B, T, …], steps that differ
    y = norm(x.flatten(0, 1)).unflatten(0, (4, 3))
    for step in range(3):
        torch.testing.assert_close(y[:, step], plain(x[:, step]))
    assert int(norm.num_batches_tracked) == 3  # pyright: ignore[reportArgumentType]
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(norm.state_dict()[name], value)
    plain.load_state_dict(norm.state_dict())
    assert torch.equal(norm.eval()(x.flatten(0, 1)), plain.eval()(x.flatten(0, 1)))


def test_fusion_begins_as_nothing_and_then_sees_the_key_frame_of_its_own_sample() -> None:
    torch.manual_seed(1)
    x, key = torch.randn(3 * 2, 64, 8, 8), torch.randn(2, 96, 8, 8)
    assert torch.equal(Fusion(64, 96, 1)(x, key), x)
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


def test_answers_at_any_time_are_those_of_the_segments_so_far() -> None:
    model = respike(num_classes=4, stride=2)
    clips = torch.rand(3, 3, 6, 64, 64)
    model(clips)
    model.eval()
    with torch.no_grad():
        answers = model.anytime(clips)
        assert answers.shape == (3, 3, 4)
        assert model.unit == 2
        for number in range(3):
            torch.testing.assert_close(answers[number], model(clips[:, :, : 2 * number + 2]), atol=1e-5, rtol=1e-4)
        assert not torch.allclose(answers[0], answers[-1], atol=1e-4)


def test_key_frames_alone_are_the_ann_on_single_frames() -> None:
    model = respike(num_classes=4, branches="key", stride=1).eval()
    clips = torch.rand(2, 3, 3, 64, 64)
    with torch.no_grad():
        frames = [model(clips[:, :, t : t + 1]) for t in range(3)]
        torch.testing.assert_close(model(clips), torch.stack(frames).mean(0), atol=1e-5, rtol=1e-4)


def test_attention_to_the_key_frame_is_what_the_fusion_computes() -> None:
    """Σ_keys weights · values of the key frame's tokens, through the output layer: what the last block attends to."""
    torch.manual_seed(0)
    model = respike(num_classes=4, stride=3).eval()
    clips = torch.rand(2, 3, 6, 64, 96)
    last = model.fusions[-1]
    assert isinstance(last, Fusion)
    assert last.cross_attention is not None
    cross, seen = last.cross_attention, []
    hook = cross.register_forward_hook(lambda _, args, output: seen.append((*args, output)))
    weights = model.cross_attention(clips)
    hook.remove()
    assert weights is not None
    assert weights.shape == (2, 2, 2, 2, 3, 2, 3)  # samples, segments, residuals, a query's and a key's row and column
    torch.testing.assert_close(weights.sum((-2, -1)), torch.ones(2, 2, 2, 2, 3))
    x, context, output = seen[0]
    single = cross.weights(x, context)
    values = cross.v(context).unflatten(-1, (-1, 32)).transpose(1, 2)
    torch.testing.assert_close(cross.out((single @ values).transpose(1, 2).flatten(2)), output)
    torch.testing.assert_close(weights, single.mean(1).view(2, 2, 2, 2, 3, 2, 3))
    with torch.no_grad():  # a segment of one clip by itself
        alone = model.cross_attention(clips[1:, :, 3:])
    assert alone is not None
    torch.testing.assert_close(alone[0, 0], weights[1, 1], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(weights[0, 0], weights[1, 1], atol=1e-4)
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("settings", [{"fusion": False}, {"cross": False}, {"branches": "key"}])
def test_without_attention_there_is_none(settings: dict[str, Any]) -> None:
    assert respike(num_classes=4, **settings).eval().cross_attention(torch.rand(1, 3, 4, 64, 64)) is None


def test_a_clip_that_stands_still_gives_the_spiking_branch_nothing() -> None:
    torch.manual_seed(0)
    model = respike(num_classes=4)
    assert model.snn is not None
    seen: list[Tensor] = []
    model.snn.stem.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    model(torch.rand(2, 3, 1, 64, 64).expand(2, 3, 4, 64, 64))
    assert seen[0].shape == (3 * 2, 3, 64, 64)
    assert not seen[0].any()


def test_an_unknown_name_of_weights_says_which_there_are() -> None:
    with pytest.raises(InputError, match=r"a file(.|\n)*DEFAULT, IMAGENET1K_V1"):
        respike(weights="imagenet.pth")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backbone": "resnet34"}, "resnet18, resnet50"),
        ({"branches": "none"}, "both, key, residual"),
        ({"neuron": "izhikevich"}, "lif, plif, relu"),
        ({"stride": 1}, "stride ≥ 2"),
        ({"stride": 0, "branches": "key"}, "stride ≥ 1"),
    ],
)
def test_bad_settings_are_one_error(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        respike(**settings)


def test_a_clip_that_does_not_divide_is_one_error() -> None:
    with pytest.raises(InputError, match="a multiple of the stride 4"):
        respike()(torch.rand(1, 3, 6, 64, 64))
