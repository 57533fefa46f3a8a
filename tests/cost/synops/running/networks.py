"""Networks that spike by themselves, small enough to enumerate, and what their spikes cause, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv.models.spiking_layer import SpikingLayer

from .. import naive

T = 4


class Shapes(nn.Module):
    """Clips [B, 2, T, 9, 8]: borders, stride, dilation, groups, three dimensions, moves and a maximum between."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.fires = nn.ModuleList(SpikingLayer(T, "lif", threshold=0.05) for _ in range(5))
        self.strided = nn.Conv2d(4, 6, (3, 2), stride=(2, 3), padding=(1, 0), groups=2)
        self.dilated = nn.Conv2d(6, 4, 3, padding=2, dilation=2, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.depth, self.point = nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(4, 3, 1)
        self.up = nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1)
        self.clip = nn.Conv3d(2, 4, (3, 3, 2), stride=(1, 2, 1), padding=(1, 1, 0), groups=2)
        self.fc = nn.Linear(4 * T * 4 * 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2).flatten(0, 1)  # [B·T, 2, 9, 8]
        x = self.norm(self.dilated(self.fires[1](self.strided(F.pad(self.fires[0](self.stem(x)), (1, 0, 0, 0))))))
        x = self.up(self.fires[3](self.point(self.depth(F.max_pool2d(self.fires[2](x), 2, 1)))))
        x = self.fires[4](x).unflatten(0, (-1, T)).transpose(1, 2)  # [B, 2, T, …]
        return self.fc(self.clip(x).flatten(1))


class Attends(nn.Module):
    """Tokens [B, T, 6, 8]: a linear layer, q (kᵀ v) of spikes in two heads, then (q kᵀ) v."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 5, bias=False)
        self.q, self.k, self.v, self.fires = (SpikingLayer(T, "plif", threshold=0.05) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        drives = self.qkv(x.flatten(0, 1)).chunk(3, -1)
        q, k, v = (
            fires(drive).unflatten(-1, (2, 4)).transpose(1, 2) for fires, drive in zip((self.q, self.k, self.v), drives)
        )
        first = q @ (k.transpose(-2, -1) @ v)
        second = (q @ k.transpose(-2, -1)) @ v
        tokens = self.fires((first + second).transpose(1, 2).flatten(2))
        return self.out(tokens).unflatten(0, (-1, T)).mean((1, 2))


def spikes_of(model: nn.Module, x: Tensor) -> dict[str, naive.Array]:
    """{path: spikes of a pass}, as the spiking layers hand them on."""
    found: dict[str, naive.Array] = {}

    def keep(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda module, arguments, output: found.__setitem__(name, output.double().numpy())

    hooks = [
        module.register_forward_hook(keep(name))
        for name, module in model.named_modules()
        if isinstance(module, SpikingLayer)
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return found


def shapes(spikes: dict[str, naive.Array], batch: int) -> dict[str, float]:
    """{layer: accumulations of the batch} of `Shapes`."""
    padded = np.pad(spikes["fires.0"], ((0, 0), (0, 0), (0, 0), (1, 0)))
    fired = spikes["fires.2"]
    windows = naive.plain_windows(fired, 2, 1, 0, ceil=False)
    largest = naive.over_windows(fired, windows, np.max)
    clip = spikes["fires.4"].reshape(batch, T, *spikes["fires.4"].shape[1:]).swapaxes(1, 2)
    counted = {
        "strided": naive.conv(padded, (6, 2, 3, 2), stride=(2, 3), padding=(1, 0), groups=2),
        "dilated": naive.conv(spikes["fires.1"], (4, 6, 3, 3), padding=2, dilation=2),
        "depth": naive.conv(largest, (4, 1, 3, 3), padding=1, groups=4),
        "up": naive.conv_transposed(spikes["fires.3"], (3, 2, 3, 3), stride=2, padding=1),
        "clip": naive.conv(clip, (4, 1, 3, 3, 2), stride=(1, 2, 1), padding=(1, 1, 0), groups=2),
    }
    return {name: float(per_row.sum()) for name, per_row in counted.items()}


def attends(spikes: dict[str, naive.Array]) -> dict[str, float]:
    """{layer: accumulations of the batch} of `Attends`, product by product."""
    rows, tokens, channels = spikes["q"].shape
    q, k, v = (spikes[name].reshape(rows, tokens, 2, channels // 2) for name in "qkv")
    found = dict.fromkeys(("matmul", "matmul#2", "matmul#3", "matmul#4"), 0.0)
    for r in range(rows):
        for head in range(2):
            for i in range(channels // 2):
                for j in range(channels // 2):
                    for n in range(tokens):
                        found["matmul"] += k[r, n, head, i] * v[r, n, head, j]  # kᵀv: both fire
                        found["matmul#2"] += q[r, n, head, i]  # q·(kᵀv): a row of 4 values for each spike of q
            for n in range(tokens):
                for m in range(tokens):
                    for i in range(channels // 2):
                        found["matmul#3"] += q[r, n, head, i] * k[r, m, head, i]  # q·kᵀ: both fire
                        found["matmul#4"] += v[r, m, head, i]  # scores times v: one value a query for each spike of v
    return {**found, "out": 5 * float(spikes["fires"].sum())}
