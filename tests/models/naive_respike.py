"""ReSpike as a loop over time steps, written from its layer table with plain functions: for the real one to match.

The weights have the names of its authors' files. It shares no code with the package. Clips are [B, channels, frames, H,
W], of sides that the poolings divide, such as 64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

POOLS = (4, 2, 1, 1)
WIDTHS = (64, 128, 256, 512)
BLOCK = "transformer_blocks.0"


@dataclass
class Naive:
    """The network of one file.

    Attributes:
        values: the file's tensors; in training, running statistics in it are updated.
    """

    values: dict[str, Tensor]
    stride: int
    training: bool = False

    def logits(self, clips: Tensor) -> Tensor:
        segments = clips.transpose(1, 2).reshape(-1, self.stride, *clips.shape[1:2], *clips.shape[3:])
        key = segments[:, 0]
        maps = self.key_maps(key)
        self.potentials: dict[str, Tensor] = {}
        steps = torch.stack([self.step(segments[:, t] - key, maps) for t in range(1, self.stride)])
        seen = torch.cat([maps[-1], steps.mean(0)], 1).mean((2, 3))
        logits = self.linear("fc", seen)
        return logits.reshape(len(clips), -1, logits.shape[1]).mean(1)

    def key_maps(self, x: Tensor) -> list[Tensor]:
        """ResNet-18 (He et al. 2016), its four maps."""
        x = F.max_pool2d(self.norm("ann_layer0.1", self.conv("ann_layer0.0", x, 2, 3)).relu(), 3, 2, 1)
        maps = []
        for stage in range(1, 5):
            for block in range(2):
                name, stride = f"ann_layer{stage}.{block}", 2 if stage > 1 and not block else 1
                y = self.norm(f"{name}.bn1", self.conv(f"{name}.conv1", x, stride, 1)).relu()
                y = self.norm(f"{name}.bn2", self.conv(f"{name}.conv2", y, 1, 1))
                if stride == 2:
                    x = self.norm(f"{name}.downsample.1", self.conv(f"{name}.downsample.0", x, 2, 0))
                x = (x + y).relu()
            maps.append(x)
        return maps

    def step(self, x: Tensor, maps: list[Tensor]) -> Tensor:
        """One time step of the spiking branch, whose potentials it keeps."""
        x = self.norm("snn_backbone.bn1", self.conv("snn_backbone.conv1", x, 2, 1))
        for stage, pool in enumerate(POOLS):
            for block in range(2):
                x = self.block(f"snn_backbone.layer{stage + 1}.{block}", x, 1 if block else 2)
            small, key = (F.avg_pool2d(each, pool) for each in (x, maps[stage]))
            small = self.fused(f"snn_backbone.fusion{stage + 1}", small, key)
            x = F.interpolate(small, x.shape[2:], mode="bilinear")
        return x

    def block(self, name: str, x: Tensor, stride: int) -> Tensor:
        y = self.conv(f"{name}.conv1", self.fire(f"{name}.lif1", x), stride, 1)
        y = self.fire(f"{name}.lif2", self.norm(f"{name}.bn1", y))
        y = self.norm(f"{name}.bn2", self.conv(f"{name}.conv2", y, 1, 1))
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
        y = self.layer_norm(f"{name}.{BLOCK}.norm1", z)
        z = z + self.attended(f"{name}.{BLOCK}.attn1", y, y)
        y = self.layer_norm(f"{name}.{BLOCK}.norm2", z)
        z = z + self.attended(f"{name}.{BLOCK}.attn2", y, key.flatten(2).transpose(1, 2))
        wide = self.linear(f"{name}.{BLOCK}.ff.net.0.proj", self.layer_norm(f"{name}.{BLOCK}.norm3", z))
        value, gate = wide[..., : 4 * channels], wide[..., 4 * channels :]
        z = z + self.linear(f"{name}.{BLOCK}.ff.net.2", value * F.gelu(gate))
        return x + self.conv(f"{name}.proj_out", z.transpose(1, 2).reshape(len(x), channels, *size), 1, 0)

    def attended(self, name: str, x: Tensor, context: Tensor) -> Tensor:
        q, k, v = (self.linear(f"{name}.to_{part}", of) for part, of in (("q", x), ("k", context), ("v", context)))
        heads = []
        for start in range(0, q.shape[-1], 32):
            part = slice(start, start + 32)
            weights = (q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(32)).softmax(-1)
            heads.append(weights @ v[..., part])
        return self.linear(f"{name}.to_out.0", torch.cat(heads, -1))

    def norm(self, name: str, x: Tensor) -> Tensor:
        """BatchNorm of what comes in this call alone."""
        mean, variance, scale, shift = (
            self.values[f"{name}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")
        )
        if self.training:
            self.values[f"{name}.num_batches_tracked"] += 1
        return F.batch_norm(x, mean, variance, scale, shift, self.training)

    def conv(self, name: str, x: Tensor, stride: int, padding: int) -> Tensor:
        return F.conv2d(x, self.values[f"{name}.weight"], self.values.get(f"{name}.bias"), stride, padding)

    def linear(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.values[f"{name}.weight"], self.values.get(f"{name}.bias"))

    def layer_norm(self, name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.values[f"{name}.weight"], self.values[f"{name}.bias"])


def authors_file(classes: int, seed: int = 0) -> dict[str, Tensor]:
    """Random weights of ReSpike with a ResNet-18, as a file of its authors holds them."""
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    for name, shape in layout(classes):
        if name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(0)
        elif len(shape) == 1:  # about 1 for scales and variances, about 0 for shifts and means
            around = 0.0 if name.endswith(("bias", "running_mean")) else 1.0
            found[name] = around + 0.2 * torch.rand(shape, generator=generator)
        else:
            found[name] = torch.randn(shape, generator=generator) * (2 / math.prod(shape[1:])) ** 0.5
    return found


def layout(classes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes."""
    yield "ann_layer0.0.weight", (64, 3, 7, 7)
    yield from batch_norm("ann_layer0.1", 64)
    yield "snn_backbone.conv1.weight", (64, 3, 3, 3)
    yield from batch_norm("snn_backbone.bn1", 64)
    for branch, short in (("ann_layer", "downsample"), ("snn_backbone.layer", "shortcut")):
        for stage, (before, width) in enumerate(zip((64, *WIDTHS), WIDTHS), 1):
            for block in range(2):
                name = f"{branch}{stage}.{block}"
                for number, inputs in ((1, before if not block else width), (2, width)):
                    yield f"{name}.conv{number}.weight", (width, inputs, 3, 3)
                    yield from batch_norm(f"{name}.bn{number}", width)
                if not block and (stage > 1 or short == "shortcut"):  # the spiking branch pools before it
                    first = 0 if short == "downsample" else 1
                    yield f"{name}.{short}.{first}.weight", (width, before, 1, 1)
                    yield from batch_norm(f"{name}.{short}.{first + 1}", width)
    for stage, width in enumerate(WIDTHS, 1):
        yield from fusion(f"snn_backbone.fusion{stage}", width)
    yield "fc.weight", (classes, 1024)
    yield "fc.bias", (classes,)


def batch_norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.num_batches_tracked", ()


def fusion(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    norms = ["norm", *(f"{BLOCK}.norm{number}" for number in (1, 2, 3))]
    layers: dict[str, tuple[int, ...]] = {"proj_in": (width, width, 1, 1), "proj_out": (width, width, 1, 1)}
    for attention in ("attn1", "attn2"):
        layers[f"{BLOCK}.{attention}.to_out.0"] = (width, width)
        for part in "qkv":
            yield f"{name}.{BLOCK}.{attention}.to_{part}.weight", (width, width)
    layers |= {f"{BLOCK}.ff.net.0.proj": (8 * width, width), f"{BLOCK}.ff.net.2": (width, 4 * width)}
    for norm in norms:
        yield f"{name}.{norm}.weight", (width,)
        yield f"{name}.{norm}.bias", (width,)
    for layer, shape in layers.items():
        yield f"{name}.{layer}.weight", shape
        yield f"{name}.{layer}.bias", shape[:1]
