"""Networks whose spike operations are counted twice, and what their layers read, written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import naive

Spikes = dict[str, naive.Array]  # {site: [T, B, …]}, as fired
Operations = dict[tuple[str, str], naive.Array]  # {(source, layer): [T]}


class Inception(nn.Module):
    """Branches of max pooling, average pooling and a strided convolution, concatenated; two layers read the result."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.branch = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.maximum, self.average = nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1)
        self.mixed = nn.Conv2d(10, 6, 3, padding=1, groups=2)
        self.relu3, self.relu4 = nn.ReLU(), nn.ReLU()
        self.point, self.fc = nn.Conv2d(10, 3, 1), nn.Linear(9, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.stem(x))
        x = torch.cat([self.maximum(x), self.relu2(self.branch(x)), self.average(x)], 1)
        x = torch.cat([self.relu3(self.mixed(x)), self.relu4(self.point(x))], 1)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Separable(nn.Module):
    """Depthwise and pointwise convolutions, clips as in MobileNet, global average."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.wide = nn.Conv2d(2, 4, 3, 2, 1), nn.Conv2d(4, 8, 1)
        self.depth, self.narrow = nn.Conv2d(8, 8, 3, 2, 1, groups=8), nn.Conv2d(8, 5, 1)
        self.relus = nn.ModuleList(nn.ReLU6() for _ in range(4))
        self.fc = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        for layer, relu in zip((self.stem, self.wide, self.depth, self.narrow), self.relus):
            x = relu(layer(x))
        return self.fc(x.mean((2, 3)))


class Video(nn.Module):
    """Clips: kernels over time, strides and borders in all three dimensions, channels in groups, 3-D pools."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv3d(2, 4, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        self.pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.spatial = nn.Conv3d(4, 6, (3, 3, 2), stride=(2, 1, 2), padding=(1, 1, 0), groups=2)
        self.temporal = nn.Conv3d(6, 6, (3, 1, 1), padding=(2, 0, 0), dilation=(2, 1, 1), groups=6)
        self.mean, self.point = nn.AvgPool3d((2, 1, 1), (1, 1, 1)), nn.Conv3d(6, 3, 1)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(4))
        self.fc = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relus[0](self.stem(x)))
        x = self.relus[2](self.temporal(self.relus[1](self.spatial(x))))
        x = self.relus[3](self.point(self.mean(x)))
        return self.fc(F.adaptive_avg_pool3d(x, 1).flatten(1))


class Folded(nn.Module):
    """Clips of five frames, folded into the batch for the first layers and convolved over time, with borders, after."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.frame = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(2))
        self.clip, self.fc = nn.Conv3d(4, 2, 3, padding=1), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        frames = self.relus[0](self.stem(x.transpose(1, 2).flatten(0, 1)))
        clips = self.relus[1](self.frame(frames)).unflatten(0, (-1, 5)).transpose(1, 2)
        return self.fc(self.clip(clips).mean((2, 3, 4)))


def step_by_step(spikes: naive.Array, count: Callable[[naive.Array], naive.Array]) -> naive.Array:
    """Operations of |spikes| [T, B, …] summed over the batch, [T]."""
    steps, batch = spikes.shape[:2]
    return count(np.abs(spikes).reshape(-1, *spikes.shape[2:])).reshape(steps, batch).sum(1)


def small_cnn(spikes: Spikes) -> Operations:
    pooled = naive.max_differences(spikes["relu1"], 2)
    return {
        ("pool1", "conv2"): step_by_step(pooled, lambda e: naive.conv(e, (6, 2, 3, 3), padding=1, groups=2)),
        ("relu2", "fc"): step_by_step(spikes["relu2"], lambda e: naive.linear(naive.average(e, 2), 3)),
    }


def residual_net(spikes: Spikes) -> Operations:
    return {
        ("relu", "same"): step_by_step(spikes["relu"], lambda e: naive.conv(e, (4, 4, 3, 3), padding=1)),
        ("relu#2", "block.conv1"): step_by_step(
            spikes["relu#2"], lambda e: naive.conv(e, (4, 4, 3, 3), stride=2, padding=1)
        ),
        ("block.relu", "block.conv2"): step_by_step(
            spikes["block.relu"], lambda e: naive.conv(e, (4, 4, 3, 3), padding=1)
        ),
        ("relu#2", "block.down"): step_by_step(spikes["relu#2"], lambda e: naive.conv(e, (4, 4, 1, 1), stride=2)),
        ("block.relu#2", "fc"): step_by_step(spikes["block.relu#2"], lambda e: naive.linear(e, 3)),
    }


def mlp(spikes: Spikes) -> Operations:
    return {
        ("1", "2"): step_by_step(spikes["1"], lambda e: naive.linear(e, 8)),
        ("3", "4"): step_by_step(spikes["3"], lambda e: naive.linear(e, 3)),
    }


def inception(spikes: Spikes) -> Operations:
    parts = {
        "maximum": np.abs(naive.max_differences(spikes["relu1"], 3, 2, 1)),
        "relu2": np.abs(spikes["relu2"]),
        "relu1": np.stack([naive.average(e, 3, 2, 1) for e in np.abs(spikes["relu1"])]),
    }
    found = {("relu1", "branch"): step_by_step(spikes["relu1"], lambda e: naive.conv(e, (4, 3, 3, 3), 2, 1))}
    for source in parts:
        alone = np.concatenate([part if name == source else 0 * part for name, part in parts.items()], 2)
        found[source, "mixed"] = step_by_step(alone, lambda e: naive.conv(e, (6, 5, 3, 3), padding=1, groups=2))
        found[source, "point"] = step_by_step(alone, lambda e: naive.conv(e, (3, 10, 1, 1)))
    for source in ("relu3", "relu4"):
        found[source, "fc"] = step_by_step(spikes[source], lambda e: naive.linear(e, 3))
    return found


def separable(spikes: Spikes) -> Operations:
    return {
        ("relus.0", "wide"): step_by_step(spikes["relus.0"], lambda e: naive.conv(e, (8, 4, 1, 1))),
        ("relus.1", "depth"): step_by_step(spikes["relus.1"], lambda e: naive.conv(e, (8, 1, 3, 3), 2, 1, groups=8)),
        ("relus.2", "narrow"): step_by_step(spikes["relus.2"], lambda e: naive.conv(e, (5, 8, 1, 1))),
        ("relus.3", "fc"): step_by_step(spikes["relus.3"], lambda e: naive.linear(e, 3)),
    }


def video(spikes: Spikes) -> Operations:
    pooled = naive.max_differences(spikes["relus.0"], (1, 3, 3), (1, 2, 2), (0, 1, 1))
    geometry: dict[str, Any] = {"stride": (2, 1, 2), "padding": (1, 1, 0), "groups": 2}
    delayed: dict[str, Any] = {"padding": (2, 0, 0), "dilation": (2, 1, 1), "groups": 6}
    return {
        ("pool", "spatial"): step_by_step(pooled, lambda e: naive.conv(e, (6, 2, 3, 3, 2), **geometry)),
        ("relus.1", "temporal"): step_by_step(spikes["relus.1"], lambda e: naive.conv(e, (6, 1, 3, 1, 1), **delayed)),
        ("relus.2", "point"): step_by_step(
            spikes["relus.2"], lambda e: naive.conv(naive.average(e, (2, 1, 1), (1, 1, 1)), (3, 6, 1, 1, 1))
        ),
        ("relus.3", "fc"): step_by_step(spikes["relus.3"], lambda e: naive.linear(e, 3)),
    }


def folded(spikes: Spikes) -> Operations:
    steps, rows, *one = spikes["relus.1"].shape
    clips = spikes["relus.1"].reshape(steps, rows // 5, 5, *one).swapaxes(2, 3)
    return {
        ("relus.0", "frame"): step_by_step(spikes["relus.0"], lambda e: naive.conv(e, (4, 3, 3, 3), 2, 1)),
        ("relus.1", "clip"): step_by_step(clips, lambda e: naive.conv(e, (2, 4, 3, 3, 3), padding=1)),
    }


def resnet20(spikes: Spikes) -> Operations:
    """Each block's second activation is read by the next block's first convolution; shortcuts carry floats."""
    found: Operations = {}
    source, width = "relu", 16
    for stage, planes in enumerate((16, 32, 64), 1):
        for block in range(3):
            path, stride = f"layer{stage}.{block}", 2 if planes != width else 1
            first, second = (planes, width, 3, 3), (planes, planes, 3, 3)
            found[source, f"{path}.conv1"] = step_by_step(
                spikes[source], lambda e, weight=first, stride=stride: naive.conv(e, weight, stride, 1)
            )
            found[f"{path}.relu", f"{path}.conv2"] = step_by_step(
                spikes[f"{path}.relu"], lambda e, weight=second: naive.conv(e, weight, 1, 1)
            )
            source, width = f"{path}.relu#2", planes
    found[source, "linear"] = step_by_step(spikes[source], lambda e: naive.linear(e, 10))
    return found
