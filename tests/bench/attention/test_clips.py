"""Maps over frames against closed forms, attention to key frames against the network's, the strip, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError
from snnconv.bench import ClipAttention, clip_attention
from snnconv.bench._attention.pictures import decode_picture
from snnconv.models import ms_resnet18, respike, svformer

FRAMES = 6


def ready(model: Any, clips: Tensor) -> Any:
    """In eval mode, with statistics of the clips, and fusions that do something."""
    for parameter in model.parameters():
        if parameter.dim() > 1 and not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    with torch.no_grad():
        for _ in range(4):
            model(clips)
    return model.eval()


@pytest.fixture(scope="module")
def clips() -> Tensor:
    return torch.rand(2, 1, FRAMES, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def hybrid(clips: Tensor) -> Any:
    torch.manual_seed(0)
    return ready(respike(num_classes=4, stride=3, in_channels=1), clips)


@pytest.fixture(scope="module")
def seen(hybrid: Any, clips: Tensor) -> ClipAttention:
    return clip_attention(hybrid, [(clips, torch.tensor([1, 3]))], model="a network", seed=5)


def heats(found: ClipAttention, clip: int, branch: str) -> np.ndarray:
    return np.array([frame.heat for frame in found.clips[clip].frames if frame.branch == branch])


def test_maps_of_the_spiking_branch_are_its_classifier_on_every_frame(
    hybrid: Any, clips: Tensor, seen: ClipAttention
) -> None:
    """What is averaged over steps and positions for a linear layer: ReLU(Σ_c W_c·a_c), to a scale."""
    maps: list[Tensor] = []
    hook = hybrid.fusions[3].register_forward_hook(lambda _, args, out: maps.append(out))
    with torch.no_grad():
        target = hybrid(clips).argmax(1).tolist()
    hook.remove()
    by_clip = maps[0].unflatten(0, (2, 4))  # 2 segments of 2 residuals each, one after the other
    for clip, named in enumerate(target):
        assert seen.clips[clip].target == named
        expected = torch.einsum("fchw,c->fhw", by_clip[clip], hybrid.head.weight[named, -512:].detach()).clamp(min=0)
        assert heats(seen, clip, "SNN") == pytest.approx((expected / expected.max()).numpy(), abs=2e-4)
        assert [frame.branch for frame in seen.clips[clip].frames] == ["ANN", "SNN", "SNN"] * 2


def test_maps_of_key_frames_alone_are_class_activation_maps(clips: Tensor) -> None:
    model = ready(respike(num_classes=4, branches="key", stride=1, in_channels=1), clips)
    found = clip_attention(model, [clips], clips=1)
    with torch.no_grad():
        last = model.ann(clips[0].transpose(0, 1))[-1]
        target = int(model(clips[:1]).argmax())
        expected = torch.einsum("fchw,c->fhw", last, model.head.weight[target]).clamp(min=0)
    assert heats(found, 0, "ANN") == pytest.approx((expected / expected.max()).numpy(), abs=2e-4)
    assert all(frame.gaze is None for frame in found.clips[0].frames)
    assert "Below" not in found.note


@pytest.mark.parametrize("depth", [1, 2])
def test_maps_of_svformer_are_of_the_frames_that_its_head_reads(depth: int) -> None:
    """A frame without spikes is dark, and a change of the last step leaves the maps of those before, to a scale."""
    clips = torch.rand(1, 2, 4 * depth, 32, 48)
    torch.manual_seed(0)
    made = svformer("3stg", 4, T=4, size=(32, 48), depth=depth, threshold=0.2)
    model = ready(made, clips.expand(4, -1, -1, -1, -1))
    found = clip_attention(model, [clips])
    maps = heats(found, 0, "SNN")
    assert maps.shape == (4 * depth, 2, 3)
    with torch.no_grad():
        spikes = model.spikes(clips)[0]  # [C, frames, h, w]
        share = model.norm.weight / (model.norm.running_var + model.norm.eps).sqrt()
        weights = model.pool.weight[:, 0] * (model.head.weight[found.clips[0].target] * share)[:, None, None, None]
        mean = weights.mean((2, 3)).unflatten(1, (4, depth)).mean(2)  # of all positions of a step
        expected = (spikes * mean.repeat_interleave(depth, 1)[..., None, None]).sum(0).clamp(min=0)
    assert expected.any()
    assert maps == pytest.approx((expected / expected.max()).numpy(), abs=2e-4)


def test_a_residual_looks_at_its_own_key_frame(hybrid: Any, clips: Tensor, seen: ClipAttention) -> None:
    weights = hybrid.cross_attention(clips)
    for number, clip in enumerate(seen.clips):
        for frame in clip.frames:
            if frame.frame % 3 == 0:
                assert frame.gaze is None
                continue
            gaze = frame.gaze
            assert gaze is not None
            assert gaze.key == frame.frame // 3 * 3
            heat = np.array(frame.heat)
            assert heat[gaze.query] == heat.max()
            expected = weights[number, frame.frame // 3, frame.frame % 3 - 1][gaze.query]
            assert np.array(gaze.weights) == pytest.approx(expected.numpy(), abs=1e-4)
            best = expected.flatten().topk(5).indices.tolist()
            assert gaze.top == [divmod(token, 3) for token in best]


def test_pictures_are_the_frames(clips: Tensor, seen: ClipAttention) -> None:
    for number, clip in enumerate(seen.clips):
        assert [frame.frame for frame in clip.frames] == list(range(FRAMES))
        for frame in clip.frames:
            shown = (clips[number, 0, frame.frame] * 255).round().byte().numpy()
            assert (decode_picture(frame.picture)[..., 0] == shown).all()


def test_files(seen: ClipAttention, tmp_path: Path) -> None:
    files = seen.save(tmp_path)
    assert [file.name for file in files] == [f"clip_attention.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert json.loads(files[0].read_text()) == json.loads(json.dumps(seen.to_dict()))
    assert ClipAttention.load(tmp_path) == seen
    lines = files[1].read_text().splitlines()
    assert lines[0] == "clip,frame,branch,hottest,query,top,label,class"
    assert len(lines) == 1 + 2 * FRAMES
    assert (seen.clips[1].label, seen.model, seen.provenance["seed"], seen.unit) == (3, "a network", 5, 3)
    pixels = matplotlib.image.imread(files[2])[..., :3].min(-1)
    assert pixels.shape[1] == 1400
    assert min(float(border.min()) for border in (pixels[-1], pixels[:, -1])) > 0.98


def test_the_network_is_left_as_it_was(hybrid: Any, clips: Tensor) -> None:
    hybrid.train()
    before = {key: value.clone() for key, value in hybrid.state_dict().items()}
    clip_attention(hybrid, [clips], clips=1)
    assert hybrid.training
    hybrid.eval()
    assert all(torch.equal(value, before[key]) for key, value in hybrid.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in hybrid.modules())
    assert all(parameter.grad is None for parameter in hybrid.parameters())


def test_a_spiking_network_alone(clips: Tensor) -> None:
    found = clip_attention(ready(ms_resnet18(4, FRAMES, in_channels=1), clips), [clips], clips=1)
    assert [frame.branch for frame in found.clips[0].frames] == ["SNN"] * FRAMES
    assert heats(found, 0, "SNN").max() == 1


def test_refused(hybrid: Any, clips: Tensor) -> None:
    with pytest.raises(InputError, match=r"no layers for frame-wise heat-maps(.|\n)*cam_targets\(frames\)"):
        clip_attention(nn.Sequential(nn.Linear(1, 1)), [clips])
    with pytest.raises(InputError, match="clips = 0"):
        clip_attention(hybrid, [clips], clips=0)
    with pytest.raises(InputError, match="the data is empty"):
        clip_attention(hybrid, [])
