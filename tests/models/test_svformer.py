"""SVFormer: parameters to the last one as published, and a network that any clip of its size can train."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from snnconv import InputError
from snnconv.bench.count import count
from snnconv.models import svformer
from snnconv.models.firing import Firing, StepNorm, TimeNorm
from snnconv.models.svformer import VARIANTS
from snnconv.neurons import PLIF

PARAMETERS: list[tuple[dict[str, Any], int]] = [
    ({}, 13_801_612),
    ({"variant": "ss"}, 12_533_253),
    ({"variant": "st"}, 8_773_004),
    ({"variant": "dp"}, 17_719_325),
    ({"variant": "wd"}, 24_068_492),
    ({"local_pathway": False}, 12_326_795),
    ({"neuron": "lif"}, 13_801_573),
    ({"norm": "bn"}, 13_352_332),
    ({"T": 8}, 12_759_180),
    ({"T": 24}, 14_844_044),
    ({"num_classes": 60}, 13_759_587),
    ({"T": 4, "depth": 4}, 12_686_220),
    ({"variant": "3stg"}, 1_879_974),
]


def neurons(model: nn.Module) -> list[PLIF]:
    return [module for module in model.modules() if isinstance(module, PLIF)]


@pytest.mark.parametrize(("settings", "parameters"), PARAMETERS, ids=[str(settings) for settings, _ in PARAMETERS])
def test_parameters_are_the_published_ones(settings: dict[str, Any], parameters: int) -> None:
    with torch.device("meta"):
        model = svformer(**settings)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


@pytest.mark.slow
@pytest.mark.parametrize(("convention", "operations"), [("mac", 38_189_558_784), ("fvcore-eval", 38_346_109_952)])
def test_operations_are_the_published_ones(convention: str, operations: int) -> None:
    found = count(svformer().eval(), (3, 16, 224, 224), convention=convention)
    assert found.ops == operations


@pytest.mark.slow
def test_operations_of_the_first_convolution() -> None:
    """0.70006 G over 16 steps, biases counted."""
    found = count(svformer().eval(), (3, 16, 224, 224), convention="mac+bias")
    assert found.by_layer["patches.0.0"] == 700_055_552


def test_neurons_are_the_published_ones() -> None:
    with torch.device("meta"):
        assert len(neurons(svformer())) == 39
    fires = neurons(svformer("3stg"))
    assert {(fire.tau, fire.threshold, fire.reset, fire.detach, fire.surrogate, fire.alpha) for fire in fires} == {
        (2.0, 1.0, "hard", True, "atan", 2.0)
    }


@pytest.mark.parametrize(
    ("variant", "settings", "clip"),
    [
        ("3stg", {"size": 32}, (2, 4, 32, 32)),
        ("3stg", {"size": (32, 40), "in_channels": 1}, (1, 4, 32, 40)),
        ("st", {"size": 64, "in_channels": 3}, (3, 4, 64, 64)),
        ("st", {"size": 64, "depth": 2}, (3, 8, 64, 64)),
        ("3stg", {"size": 32, "norm": "bn", "neuron": "lif", "tau": 4 / 3}, (2, 4, 32, 32)),
    ],
)
def test_clips_of_other_sizes_train(variant: str, settings: dict[str, Any], clip: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = svformer(variant, 4, T=4, **settings)
    logits = model(torch.rand(3, *clip))
    assert logits.shape == (3, 4)
    logits.square().sum().backward()
    silent = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert silent == []
    assert any(float(p.grad.abs().max()) > 0 for p in model.patches[0].parameters() if p.grad is not None)


def test_computing_again_instead_of_keeping_gives_the_same_gradients() -> None:
    clip = torch.rand(2, 2, 4, 32, 32)
    gradients: list[dict[str, torch.Tensor]] = []
    for checkpointed in (False, True):
        torch.manual_seed(0)
        model = svformer("3stg", 4, T=4, size=32, checkpointed=checkpointed)
        model(clip).square().sum().backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_a_step_sees_no_later_frame() -> None:
    """Before the head everything is causal: a change of the last frame changes only what the last step gives."""
    torch.manual_seed(0)
    model = svformer("3stg", 4, T=4, size=32).train()  # untrained and with the statistics of init nothing would fire
    seen: list[torch.Tensor] = []
    model.fires.register_forward_pre_hook(lambda _, args: seen.append(args[0].unflatten(0, (-1, 4)).transpose(0, 1)))
    clip = torch.rand(2, 2, 4, 32, 32)
    changed = clip.clone()
    changed[:, :, 3] = torch.rand(2, 2, 32, 32).square()
    with torch.no_grad():
        for frames in (clip, changed):
            model(frames)
    assert torch.equal(seen[0][:3], seen[1][:3])
    assert not torch.equal(seen[0][3], seen[1][3])


def test_norm_over_time_is_batch_norm_of_each_step() -> None:
    torch.manual_seed(0)
    x = torch.randn(4 * 3, 5, 6, 7)
    norm, plain = TimeNorm(4, 5), nn.BatchNorm2d(5)
    by_step = norm(x).unflatten(0, (3, 4))
    for t in range(4):
        torch.testing.assert_close(by_step[:, t], plain(x.unflatten(0, (3, 4))[:, t]))
    torch.testing.assert_close(StepNorm(4, 5)(x), nn.BatchNorm2d(5)(x))


def test_samples_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    model = svformer("3stg", 4, T=4, size=32).eval()
    clips = torch.rand(3, 2, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(model(clips)[1:2], model(clips[1:2]))


def test_a_layer_fires_from_a_fresh_state_at_every_call() -> None:
    fires, x = Firing(4), torch.randn(4 * 2, 3)
    assert torch.equal(fires(x), fires(x))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"variant": "huge"}, "base, ss, st, dp, wd, 3stg"),
        ({"neuron": "izhikevich"}, "lif, plif, relu"),
        ({"norm": "layer"}, "tdbn, bn"),
        ({"size": 8}, "too small"),
    ],
)
def test_bad_settings_are_one_error(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        svformer(**settings)


def test_a_clip_of_another_length_is_one_error() -> None:
    with pytest.raises(InputError, match=r"\[B, channels, 4, height, width\]"):
        svformer("3stg", T=4, size=32)(torch.rand(1, 2, 5, 32, 32))
    assert set(VARIANTS) == {"base", "ss", "st", "dp", "wd", "3stg"}
