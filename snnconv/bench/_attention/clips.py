"""What a directly trained video network looks at, frame by frame: its branches, and attention between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...capture.capture import evaluating
from ...data import DataSource, Normalization, limited_batches
from ...errors import InputError
from ...placement import placement_of
from ...progress import track
from ...provenance import provenance
from .cam import frame_maps, require_captum
from .clip_result import ClipAttention, ClipMaps, CrossAttentionMap, FrameMap
from .pictures import encode_picture
from .result import HeatMap
from .similarity import Map

TOP = 5  # keys that are told of a query, as in ReSpike's Fig. 4
NOTE = (
    "Grad-CAM of every frame at the layer{s} {layers}, for the class that the network names; maps of a branch are "
    "scaled by the largest of the clip."
)
GAZE = (
    f" Below: how much the residual's hottest token attends to every token of its key frame in the last "
    f"cross-attention, mean over heads, with the {TOP} it attends to most."
)


def clip_attention(
    network: nn.Module, data: Iterable[Any], *, clips: int = 2, model: str = "", seed: int = 0
) -> ClipAttention:
    """Heat-maps over the frames of a few clips, of every branch of the network.

    ReSpike: of the ANN at the key frames and of the spiking branch at the others, and, as in Fig. 4 of its paper, what
    a residual's token attends to in the key frame. SVFormer: of the spikes that its head reads. Frames that say nothing
    for the class stay dark.

    Args:
        network: with a method `cam_targets(frames)` → where its branches can be looked at: `respike`, `svformer`,
            `ms_resnet18`. One with `cross_attention(x)` too shows it.
        data: batches of clips, with labels or without.
        clips: how many, the first of the data; fewer where there are fewer.
        model: what the network is, in words, and the seed of its making: for the record.

    Raises:
        InputError: captum is missing, or a network without `looks`.

    Source: Xiao et al., "ReSpike", arXiv:2409.01564, Fig. 4; Selvaraju et al. 2017, ICCV.
    """
    require_captum()
    if not callable(getattr(network, "cam_targets", None)):
        raise InputError(
            "this network defines no layers for frame-wise heat-maps",
            expected="a method cam_targets(frames) → a list of snnconv.models.cam_targets.CamTarget",
            got=type(network).__name__,
            remedy="for a converted network there is snnconv.bench.attention",
        )
    if clips < 1:
        raise InputError("too few clips", expected="clips ≥ 1", got=f"clips = {clips}")
    normalization = data.normalization if isinstance(data, DataSource) else None
    like = placement_of(network)
    found: list[ClipMaps] = []
    with evaluating(network), torch.enable_grad():  # Grad-CAM
        for inputs, labels in track(limited_batches(data, clips), "looking at clips"):
            for index, x in enumerate(inputs[0]):
                label = None if labels is None else int(labels[index])
                found.append(of_clip(network, x[None].to(like), len(found), label, normalization))
    gazes, layers = any(frame.gaze for clip in found for frame in clip.frames), layers_of(network, found)
    return ClipAttention(
        clips=found,
        unit=int(getattr(network, "unit", 1)),
        note=NOTE.format(layers=" and ".join(layers), s="s" * (len(layers) > 1)) + GAZE * gazes,
        data=str(getattr(data, "name", "data")),
        model=model or type(network).__name__,
        normalization=None if normalization is None else normalization.to_dict(),
        provenance=provenance(seed),
    )


def layers_of(network: Any, clips: list[ClipMaps]) -> list[str]:
    looks = network.cam_targets(len(clips[0].frames))
    return [f"{look.layer} ({look.branch})" for look in looks]


def of_clip(network: Any, x: Tensor, number: int, label: int | None, normalization: Normalization | None) -> ClipMaps:
    """One clip [1, C, frames, H, W]."""
    with torch.no_grad():
        target = int(network(x).argmax())
    frames: dict[int, FrameMap] = {}
    for look in network.cam_targets(x.shape[2]):
        maps = frame_maps(network, network.get_submodule(look.layer), x, target)
        peak = maps.max() or 1.0
        for frame, heat in zip(look.frames, maps, strict=True):
            frames[frame] = FrameMap(
                frame, look.branch, encode_picture(x[0, :, frame], normalization), listed(heat / peak)
            )
    told = network.cross_attention(x) if hasattr(network, "cross_attention") else None
    if told is not None:
        add_gazes(frames, told[0].double().cpu().numpy())
    return ClipMaps(number, label, target, [frames[frame] for frame in sorted(frames)])


def add_gazes(frames: dict[int, FrameMap], weights: np.ndarray) -> None:
    """To every residual: weights [segments, steps, h, w, h, w] of its hottest token; of a flat map, the middle one."""
    segments, steps = weights.shape[:2]
    for segment in range(segments):
        key = segment * (steps + 1)
        for step in range(steps):
            frame = frames[key + 1 + step]
            heat = np.asarray(frame.heat)
            place = int(heat.argmax()) if heat.any() else heat.size // 2
            row, column = divmod(place, heat.shape[1])
            attended = weights[segment, step, row, column]
            best = np.argsort(-attended, axis=None, kind="stable")[:TOP]
            top = [divmod(int(token), attended.shape[1]) for token in best]
            frames[key + 1 + step] = replace(frame, gaze=CrossAttentionMap(key, (row, column), listed(attended), top))


def listed(heat: Map) -> HeatMap:
    return [[round(value, 4) for value in row] for row in heat.tolist()]
