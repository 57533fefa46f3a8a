"""ReSpike as a loop over time steps, written from its layer table with plain functions: for the real one to agree with.

It reads the real network's parameters by name and shares no code with it. Clips are [B, channels, frames, H, W]; of the
sides that the poolings divide, as 64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

POOLS = (4, 2, 1, 1)


@dataclass
class Naive:
    """One run of a segment batch.

    Attributes:
        values: the network's state_dict; in training, running statistics in it are updated.
    """

    values: dict[str, Tensor]
    training: bool
    stride: int

    def logits(self, clips: Tensor) -> Tensor:
        segments = clips.transpose(1, 2).reshape(-1, self.stride, *clips.shape[1:2], *clips.shape[3:])
        key = segments[:, 0]
        maps = self.key_maps(key)
        self.potentials: dict[str, Tensor] = {}
        steps = [self.step(segments[:, t] - key, maps) for t in range(1, self.stride)]
        seen = torch.cat([maps[-1], sum(steps) / len(steps)], 1).mean((2, 3))  # pyright: ignore[reportArgumentType]
        logits = self.linear("head", seen)
        return logits.reshape(len(clips), -1, logits.shape[1]).mean(1)

    def key_maps(self, x: Tensor) -> list[Tensor]:
        """ResNet-18 (He et al. 2016), its four maps."""
        x = F.max_pool2d(self.norm("ann.stem.1", self.conv("ann.stem.0", x, 2, 3)).relu(), 3, 2, 1)
        maps = []
        for stage in range(4):
            for block in range(2):
                name, stride = f"ann.stages.{stage}.{block}", 2 if stage and not block else 1
                y = self.norm(f"{name}.bn1", self.conv(f"{name}.conv1", x, stride, 1)).relu()
                y = self.norm(f"{name}.bn2", self.conv(f"{name}.conv2", y, 1, 1))
                if stride == 2:
                    x = self.norm(f"{name}.downsample.1", self.conv(f"{name}.downsample.0", x, 2, 0))
                x = (x + y).relu()
            maps.append(x)
        return maps

    def step(self, x: Tensor, maps: list[Tensor]) -> Tensor:
        """One time step of the spiking branch, whose potentials it keeps."""
        x = self.norm("snn.stem.1", self.conv("snn.stem.0", x, 2, 1))
        for stage, pool in enumerate(POOLS):
            for block in range(2):
                x = self.block(f"snn.stages.{stage}.{block}", x, 1 if block else 2)
            small, key = (F.avg_pool2d(each, pool) for each in (x, maps[stage]))
            x = F.interpolate(self.fused(f"fusions.{stage}", small, key), x.shape[2:], mode="bilinear")
        return x

    def block(self, name: str, x: Tensor, stride: int) -> Tensor:
        y = self.conv(f"{name}.residual.1", self.fire(f"{name}.0", x), stride, 1)
        y = self.fire(f"{name}.3", self.norm(f"{name}.residual.2", y))
        y = self.norm(f"{name}.residual.5", self.conv(f"{name}.residual.4", y, 1, 1))
        if stride == 2:
            x = self.norm(f"{name}.shortcut.2", self.conv(f"{name}.shortcut.1", F.avg_pool2d(x, 2), 1, 0))
        return y + x

    def fire(self, name: str, x: Tensor) -> Tensor:
        """v ← 0.25 v + 0.75 x; a spike where v ≥ 1, and v back to 0."""
        v = 0.25 * self.potentials.get(name, torch.zeros_like(x)) + 0.75 * x
        spikes = (v >= 1).float()
        self.potentials[name] = v * (1 - spikes)
        return spikes

    def fused(self, name: str, x: Tensor, key: Tensor) -> Tensor:
        size, channels = x.shape[2:], x.shape[1]
        groups = x.reshape(len(x), 32, -1)
        mean, variance = groups.mean(2, keepdim=True), groups.var(2, unbiased=False, keepdim=True)
        normal = ((groups - mean) / (variance + 1e-6).sqrt()).reshape(x.shape)
        scale, shift = (self.values[f"{name}.norm.{part}"].reshape(1, -1, 1, 1) for part in ("weight", "bias"))
        z = self.conv(f"{name}.proj_in", normal * scale + shift, 1, 0).flatten(2).transpose(1, 2)
        y = self.layer_norm(f"{name}.norm_self", z)
        z = z + self.attended(f"{name}.self_attention", y, y)
        y = self.layer_norm(f"{name}.norm_cross", z)
        z = z + self.attended(f"{name}.cross_attention", y, key.flatten(2).transpose(1, 2))
        wide = self.linear(f"{name}.feed_forward.wide", self.layer_norm(f"{name}.norm_forward", z))
        value, gate = wide[..., : 4 * channels], wide[..., 4 * channels :]
        z = z + self.linear(f"{name}.feed_forward.back", value * F.gelu(gate))
        return x + self.conv(f"{name}.proj_out", z.transpose(1, 2).reshape(len(x), channels, *size), 1, 0)

    def attended(self, name: str, x: Tensor, context: Tensor) -> Tensor:
        q, k, v = (self.linear(f"{name}.{part}", of) for part, of in (("q", x), ("k", context), ("v", context)))
        heads = []
        for start in range(0, q.shape[-1], 32):
            part = slice(start, start + 32)
            weights = (q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(32)).softmax(-1)
            heads.append(weights @ v[..., part])
        return self.linear(f"{name}.out", torch.cat(heads, -1))

    def norm(self, name: str, x: Tensor) -> Tensor:
        """BatchNorm of what comes in this call alone."""
        if self.training:
            self.values[f"{name}.num_batches_tracked"] += 1
        mean, variance, scale, shift = (
            self.values[f"{name}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, variance, scale, shift, self.training)

    def conv(self, name: str, x: Tensor, stride: int, padding: int) -> Tensor:
        return F.conv2d(x, self.values[f"{name}.weight"], self.values.get(f"{name}.bias"), stride, padding)

    def linear(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.values[f"{name}.weight"], self.values.get(f"{name}.bias"))

    def layer_norm(self, name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.values[f"{name}.weight"], self.values[f"{name}.bias"])
