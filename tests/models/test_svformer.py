"""SVFormer: parameters to the last one as published, and a network that any clip of its size can train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from snnconv import InputError
from snnconv.cost.dense import count
from snnconv.io import open_model
from snnconv.io.key_names import KEY_NAMES
from snnconv.models import svformer
from snnconv.models._svformer import VARIANTS, SVFormer
from snnconv.models.spiking_layer import SpikingLayer, StepNorm, TimeNorm
from snnconv.neurons import PLIF

from .naive_svformer import Naive, authors_file

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


@pytest.mark.parametrize("training", [False, True])
def test_it_is_what_its_authors_run_step_by_step(training: bool, tmp_path: Path) -> None:
    """Logits and running statistics of a loop over the time steps, to the rounding of sums in another order.

    The weights come from a file of its authors' training loop, with their names.
    """
    naive = Naive(authors_file(4, T=2, size=64), T=2, training=True)
    clips = torch.rand(3, 3, 2, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        naive.logits(clips)  # statistics that let neurons fire
        naive.training = training
        file = tmp_path / "checkpoint_epoch_00600.pyth"
        torch.save({"epoch": 599, "model_state": naive.values, "optimizer_state": {}, "cfg": "TRAIN: …"}, file)
        arguments = ("variant=st", "T=2", "size=64")
        found = open_model(str(file), arch="snnconv:svformer", num_classes=4, arch_args=arguments)
        assert isinstance(found.model, SVFormer)
        model = found.model.train(training)
        torch.testing.assert_close(model(clips), naive.logits(clips), atol=1e-4, rtol=1e-4)
    assert "the names of the weights were read as those of SVFormer's authors" in found.notes
    theirs = KEY_NAMES["SVFormer's authors"](naive.values)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(
            value, theirs[name], atol=1e-5, rtol=1e-4, msg=lambda said, name=name: f"{name}: {said}"
        )


def test_files_of_clips_convolved_in_3d_are_read_too() -> None:
    """Their linear layers become convolutions of as many dimensions as the first one has."""
    state = {"patch_embed1.proj.weight": torch.ones(8, 3, 3, 6, 6), "blocks3.0.attn.qkv.weight": torch.ones(24, 8)}
    found = KEY_NAMES["SVFormer's authors"](state)
    assert {name: tuple(tensor.shape) for name, tensor in found.items()} == {
        "patches.0.0.weight": (8, 3, 3, 6, 6),
        "stages.2.0.qkv.1.weight": (24, 8, 1, 1, 1),
    }


def test_linear_layers_begin_narrow_and_without_bias() -> None:
    """N(0, 0.02²), of the attention, the MLPs beside it and the head; convolutions begin as torch has them."""
    torch.manual_seed(0)
    model = svformer("3stg")
    layers = {name: module for name, module in model.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))}
    linear = {name for name in layers if name.startswith(("stages.1", "stages.2"))} | {"head"}
    assert len(linear) == 3 * 4 + 1
    for name, layer in layers.items():
        assert layer.bias is not None
        assert bool(layer.bias.any()) == (name not in linear), name
        if name in linear:
            assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.1), name


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
        ("st", {"size": 80, "local_pathway": False}, (3, 4, 80, 80)),
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


def firing(clips: torch.Tensor, **settings: Any) -> SVFormer:
    """In eval mode, with statistics and thresholds under which neurons fire."""
    model = svformer(**{"variant": "3stg", "num_classes": 4, "T": 4, "size": 32, "threshold": 0.2, **settings})
    for _ in range(20):
        model(clips)
    return model.eval()


@pytest.mark.parametrize("settings", [{}, {"depth": 2}, {"variant": "st", "size": 64, "in_channels": 2}])
def test_answers_at_any_time_end_with_the_whole_clips(settings: dict[str, Any]) -> None:
    depth, size = settings.get("depth", 1), settings.get("size", 32)
    clips = torch.rand(3, 2, 4 * depth, size, size)
    model = firing(clips, **settings)
    assert model.unit == depth
    with torch.no_grad():
        whole = model(clips)
        answers = model.anytime(clips)
    assert answers.shape == (4, 3, 4)
    assert float(whole.std()) > 0.01
    torch.testing.assert_close(answers[-1], whole, rtol=1e-5, atol=1e-5)
    assert all(not torch.allclose(answers[t], whole, atol=1e-3) for t in range(3))


def test_answers_at_any_time_need_no_later_frame() -> None:
    """After the first of four: bias + what its spikes give at the head's weights for it, the others silent."""
    clips = torch.rand(2, 2, 4, 32, 32)
    model = firing(clips)
    later = clips.clone()
    later[:, :, 2:] = torch.rand(2, 2, 2, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(model.anytime(clips)[:2], model.anytime(later)[:2])
        assert not torch.allclose(model.anytime(clips)[2], model.anytime(later)[2])
        spikes = model.spikes(clips)
        first = torch.einsum("bcthw,cgthw->bc", spikes[:, :, :1], model.pool.weight[:, :, :1])  # of groups of 1
        assert model.pool.bias is not None
        drive = model.pool.bias + first
        torch.testing.assert_close(
            model.anytime(clips)[0], model.head(model.norm(drive[..., None, None, None]).flatten(1))
        )


def test_layers_have_the_names_of_the_papers_figures() -> None:
    """As in its energy section: 3.0: in, q, k, v, proj, mlp1, mlp2."""
    model = svformer()
    titles = [model.title_of(name) for name, module in model.named_modules() if isinstance(module, SpikingLayer)]
    assert len(set(titles)) == len(titles) == 39
    block = ["in", "q", "k", "v", "proj", "mlp1", "mlp2"]
    assert [title for title in titles if title.startswith("3.2")] == [f"3.2 {place}" for place in block]
    others = {f"{stage}.0 {place}" for stage in (1, 2) for place in ("mix", "mlp1", "mlp2")}
    assert {title for title in titles if title[:2] not in ("3.", "4.")} == {"PE2", "PE3", "PE4", "LP", "head", *others}


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
    fires, x = SpikingLayer(4), torch.randn(4 * 2, 3)
    assert torch.equal(fires(x), fires(x))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"variant": "huge"}, "base, ss, st, dp, wd, 3stg"),
        ({"neuron": "izhikevich"}, "lif, plif, relu"),
        ({"norm": "layer"}, "tdbn, bn"),
        ({"size": 8}, "too small"),
        ({"size": 80}, r"multiples of 32(.|\n)*a map of 5×5"),
        ({"size": (224, 80)}, "a map of 14×5"),
    ],
)
def test_bad_settings_are_one_error(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        svformer(**settings)


def test_a_clip_of_another_length_is_one_error() -> None:
    with pytest.raises(InputError, match=r"\[B, channels, 4, height, width\]"):
        svformer("3stg", T=4, size=32)(torch.rand(1, 2, 5, 32, 32))
    assert set(VARIANTS) == {"base", "ss", "st", "dp", "wd", "3stg"}
