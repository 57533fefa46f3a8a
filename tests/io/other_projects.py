"""SlowFast and SlowOnly as other projects name their layers, on their own: states, and what such a network computes.

Small: 16 slow channels and 2 fast ones. Written from the projects' modules, without the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCKS = (3, 4, 6, 3)  # of R50
SLOW, FAST, RATIO = 16, 2, 8
CLASSES = 7
SLOW_ALONE = ("slow",)
BOTH = ("slow", "fast")
TIME = {"slow": (1, 1, 3, 3), "fast": (3, 3, 3, 3)}  # kernel of each stage's first convolution
STEM = {"slow": 1, "fast": 5}
Layer = tuple[str, str]  # names of a convolution and of its norm


@dataclass(frozen=True)
class Scheme:
    """How a project names the layers.

    Attributes:
        stem, lateral, block, short: of a pathway; before a stage; of (pathway, stage, block, 1 to 3); of a shortcut.
        head: of the classifier. fast_first: it reads the fast pathway first. norm: whether laterals have one, and ReLU.
    """

    stem: Callable[[str], Layer]
    lateral: Callable[[int], Layer]
    block: Callable[[str, int, int, int], Layer]
    short: Callable[[str, int], Layer]
    head: str
    fast_first: bool
    norm: bool


def mmaction2(pathways: tuple[str, ...]) -> Scheme:
    def at(path: str) -> str:
        return "backbone." if len(pathways) == 1 else f"backbone.{path}_path."

    def layer(name: str) -> Layer:
        return f"{name}.conv", f"{name}.bn"

    return Scheme(
        stem=lambda path: layer(f"{at(path)}conv1"),
        lateral=lambda stage: layer(f"{at('slow')}{f'layer{stage}' if stage else 'conv1'}_lateral"),
        block=lambda path, stage, block, k: layer(f"{at(path)}layer{stage}.{block}.conv{k}"),
        short=lambda path, stage: layer(f"{at(path)}layer{stage}.0.downsample"),
        head="cls_head.fc_cls",
        fast_first=True,
        norm=False,
    )


def pyslowfast(pathways: tuple[str, ...]) -> Scheme:
    number = {"slow": 0, "fast": 1}

    def at(path: str, stage: int, block: int) -> str:
        return f"s{stage + 1}.pathway{number[path]}_res{block}"

    return Scheme(
        stem=lambda path: (f"s1.pathway{number[path]}_stem.conv", f"s1.pathway{number[path]}_stem.bn"),
        lateral=lambda stage: (f"s{stage + 1}_fuse.conv_f2s", f"s{stage + 1}_fuse.bn"),
        block=lambda path, stage, block, k: (
            f"{at(path, stage, block)}.branch2.{'abc'[k - 1]}", f"{at(path, stage, block)}.branch2.{'abc'[k - 1]}_bn",
        ),
        short=lambda path, stage: (f"{at(path, stage, 0)}.branch1", f"{at(path, stage, 0)}.branch1_bn"),
        head="head.projection",
        fast_first=False,
        norm=True,
    )  # fmt: skip


def state_of(scheme: Scheme, pathways: tuple[str, ...], seed: int = 0) -> dict[str, Tensor]:
    """Random weights under the project's names."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def conv(name: str, *shape: int) -> None:
        fan = torch.tensor(shape[1:]).prod()
        state[f"{name}.weight"] = torch.randn(*shape, generator=generator) * (2 / fan) ** 0.5

    def norm(name: str, width: int) -> None:
        for key, low in (("weight", 0.5), ("bias", -0.5), ("running_mean", -0.5), ("running_var", 0.5)):
            state[f"{name}.{key}"] = torch.rand(width, generator=generator) + low
        state[f"{name}.num_batches_tracked"] = torch.tensor(5)

    def both(layer: Layer, *shape: int) -> None:
        conv(layer[0], *shape)
        norm(layer[1], shape[0])

    base = {"slow": SLOW, "fast": FAST}
    for path in pathways:
        both(scheme.stem(path), base[path], 3, STEM[path], 7, 7)
        before = base[path]
        for stage, blocks in enumerate(BLOCKS, 1):
            inner, width = base[path] * 2 ** (stage - 1), base[path] * 2 ** (stage + 1)
            lateral = 2 * base["fast"] * (1 if stage == 1 else 2**stage) if path == "slow" and len(pathways) > 1 else 0
            for block in range(blocks):
                entering = before + lateral if block == 0 else width
                both(scheme.block(path, stage, block, 1), inner, entering, TIME[path][stage - 1], 1, 1)
                both(scheme.block(path, stage, block, 2), inner, inner, 1, 3, 3)
                both(scheme.block(path, stage, block, 3), width, inner, 1, 1, 1)
                if block == 0:
                    both(scheme.short(path, stage), width, entering, 1, 1, 1)
            before = width
    for stage, width in enumerate((FAST, *(FAST * 2 ** (s + 1) for s in (1, 2, 3))) if len(pathways) > 1 else ()):
        conv(scheme.lateral(stage)[0], 2 * width, width, 5, 1, 1)
        if scheme.norm:
            norm(scheme.lateral(stage)[1], 2 * width)
    features = sum(base[path] * 32 for path in pathways)
    conv(scheme.head, CLASSES, features)
    state[f"{scheme.head}.bias"] = torch.randn(CLASSES, generator=generator)
    return state


def outputs(scheme: Scheme, state: dict[str, Tensor], clips: dict[str, Tensor]) -> Tensor:
    """Logits [N, classes] of the network in evaluation, for the clip of each pathway."""

    def conv(x: Tensor, name: str, stride: tuple[int, int, int] = (1, 1, 1)) -> Tensor:
        weight = state[f"{name}.weight"]
        return F.conv3d(x, weight, None, stride, [size // 2 for size in weight.shape[2:]])

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, scale, shift = (
            state[f"{name}.{key}"][:, None, None, None] for key in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-5).sqrt() * scale + shift

    def fused(maps: dict[str, Tensor], stage: int) -> dict[str, Tensor]:
        if len(maps) == 1:
            return maps
        names = scheme.lateral(stage)
        handed = conv(maps["fast"], names[0], (RATIO, 1, 1))
        handed = F.relu(norm(handed, names[1])) if scheme.norm else handed
        return {"slow": torch.cat([maps["slow"], handed], 1), "fast": maps["fast"]}

    def stages(path: str, x: Tensor, stage: int) -> Tensor:
        for block in range(BLOCKS[stage - 1]):
            stride = (1, 2, 2) if stage > 1 and block == 0 else (1, 1, 1)
            layers: Iterator[Layer] = (scheme.block(path, stage, block, k) for k in (1, 2, 3))
            first, second, third = layers
            y = F.relu(norm(conv(x, first[0]), first[1]))
            y = F.relu(norm(conv(y, second[0], stride), second[1]))
            y = norm(conv(y, third[0]), third[1])
            if block == 0:
                short = scheme.short(path, stage)
                x = norm(conv(x, short[0], stride), short[1])
            x = F.relu(x + y)
        return x

    maps = {}
    for path, clip in clips.items():
        names = scheme.stem(path)
        x = F.relu(norm(conv(clip, names[0], (1, 2, 2)), names[1]))
        maps[path] = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
    maps = fused(maps, 0)
    for stage in (1, 2, 3, 4):
        maps = {path: stages(path, x, stage) for path, x in maps.items()}
        maps = fused(maps, stage) if stage < 4 else maps
    order = ("fast", "slow") if scheme.fast_first else ("slow", "fast")
    pooled = torch.cat([maps[path].mean((2, 3, 4)) for path in order if path in maps], 1)
    return F.linear(pooled, state[f"{scheme.head}.weight"], state[f"{scheme.head}.bias"])
