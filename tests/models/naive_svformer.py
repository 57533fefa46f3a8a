"""SVFormer as a loop over time steps, written from its layer table with plain functions: for the real one to match.

The weights have the names of its authors' files. It shares no code with the package.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

WIDTHS, DEPTHS = (64, 128, 256, 512), (1, 1, 3, 1)  # the slim variant
Names = Iterator[tuple[str, tuple[int, ...]]]


@dataclass
class Naive:
    """The network of one file, for clips [B, 3, T, H, W].

    Attributes:
        values: the file's tensors; in training, running statistics in it are updated.
    """

    values: dict[str, Tensor]
    T: int
    training: bool = False

    def logits(self, clips: Tensor) -> Tensor:
        self.potentials: dict[str, Tensor] = {}
        self.counted: set[str] = set()
        spikes = torch.stack([self.step(clips[:, :, t], t) for t in range(self.T)], 2)  # [B, C, T, h, w]
        seen = self.conv("dwconv_bf_head", spikes, groups=WIDTHS[-1])
        mean, variance, scale, shift = self.norm_values("dwconv_bn")
        return self.linear("head", F.batch_norm(seen, mean, variance, scale, shift, self.training).flatten(1))

    def step(self, x: Tensor, t: int) -> Tensor:
        local = x
        for stage in range(1, 5):
            name = f"patch_embed{stage}"
            if stage > 1:
                x = self.fire(f"{name}.in_lif", x)
            x = self.conv(f"{name}.proj", x, 4 if stage == 1 else 2, 1)
            x = self.norm(f"{name}.norm", x, t)
            if stage == 3:
                local = self.fire("lplif", x)
                local = self.conv("lpDWConv", local, 2, 1, WIDTHS[2])
                local = self.norm("lpBN", self.conv("lpPWConv", local), t)
            for block in range(DEPTHS[stage - 1]):
                x = (self.local if stage < 3 else self.attention)(f"blocks{stage}.{block}", x, t)
        return self.fire("lif_bf_head", torch.cat([local, x], 1))

    def local(self, name: str, x: Tensor, t: int) -> Tensor:
        y = self.conv(f"{name}.conv1", self.fire(f"{name}.act1", x))
        y = self.conv(f"{name}.conv2", self.conv(f"{name}.attn", y, 1, 2, x.shape[1]))
        x = x + self.norm(f"{name}.norm2", y, t)
        y = self.norm(f"{name}.mlp.norm1", self.conv(f"{name}.mlp.fc1", self.fire(f"{name}.mlp.act1", x)), t)
        y = self.norm(f"{name}.mlp.norm2", self.conv(f"{name}.mlp.fc2", self.fire(f"{name}.mlp.act2", y)), t)
        return x + y

    def attention(self, name: str, x: Tensor, t: int) -> Tensor:
        """On tokens [B, n, C]."""
        size, channels = x.shape[2:], x.shape[1]
        tokens = x.flatten(2).transpose(1, 2)
        drive = self.linear(f"{name}.attn.qkv", self.fire(f"{name}.attn.in_lif", tokens))
        drive = self.on_tokens(f"{name}.attn.norm1", drive, t)
        heads = []
        for head in range(channels // 64):
            q, k, v = (
                self.fire(f"{name}.attn.{part}_lif {head}", drive[..., first : first + 64], f"{name}.attn.{part}_lif")
                for part, first in zip("qkv", range(64 * head, 3 * channels, channels))
            )
            heads.append(q @ (k.transpose(1, 2) @ v) * 0.125)
        seen = self.linear(f"{name}.attn.proj", self.fire(f"{name}.attn.proj_lif", torch.cat(heads, -1)))
        tokens = tokens + self.on_tokens(f"{name}.attn.norm2", seen, t)
        y = self.linear(f"{name}.mlp.fc1", self.fire(f"{name}.mlp.act1", tokens))
        y = self.fire(f"{name}.mlp.act2", self.on_tokens(f"{name}.mlp.norm1", y, t))
        tokens = tokens + self.on_tokens(f"{name}.mlp.norm2", self.linear(f"{name}.mlp.fc2", y), t)
        return tokens.transpose(1, 2).unflatten(2, size)

    def fire(self, place: str, x: Tensor, name: str | None = None) -> Tensor:
        """PLIF: m = v + (x − v)·sigmoid(w); a spike where m ≥ 1, and back to 0."""
        v = self.potentials.get(place, torch.zeros_like(x))
        m = v + (x - v) * self.values[f"{name or place}.w"].sigmoid()
        spikes = (m >= 1).float()
        self.potentials[place] = m * (1 - spikes)
        return spikes

    def norm(self, name: str, x: Tensor, t: int) -> Tensor:
        """The part of step t of BatchNorm over [B, T·C, …]."""
        part = slice(t * x.shape[1], (t + 1) * x.shape[1])
        mean, variance, scale, shift = (values[part] for values in self.norm_values(name))
        return F.batch_norm(x, mean, variance, scale, shift, self.training)

    def on_tokens(self, name: str, x: Tensor, t: int) -> Tensor:
        return self.norm(name, x.transpose(1, 2), t).transpose(1, 2)

    def norm_values(self, name: str) -> list[Tensor]:
        if self.training and name not in self.counted:
            self.counted.add(name)
            self.values[f"{name}.num_batches_tracked"] += 1
        return [self.values[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]

    def conv(self, name: str, x: Tensor, stride: int = 1, padding: int = 0, groups: int = 1) -> Tensor:
        weight, bias = self.values[f"{name}.weight"], self.values[f"{name}.bias"]
        convolve = F.conv3d if weight.dim() == 5 else F.conv2d
        return convolve(x, weight, bias, stride, padding, 1, groups)

    def linear(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.values[f"{name}.weight"], self.values[f"{name}.bias"])


def authors_file(classes: int, T: int, size: int, seed: int = 0) -> dict[str, Tensor]:
    """Random weights of the slim variant, as a file of its authors holds them."""
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    for name, shape in layout(classes, T, size):
        if name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(0)
        elif name.endswith(".w"):
            found[name] = torch.randn((), generator=generator)
        elif len(shape) == 1:  # about 1 for scales and variances, about 0 for shifts and means
            around = 0.0 if name.endswith(("bias", "running_mean")) else 1.0
            found[name] = around + 0.2 * torch.rand(shape, generator=generator)
        else:
            found[name] = torch.randn(shape, generator=generator) * (2 / math.prod(shape[1:])) ** 0.5
    return found


def layout(classes: int, T: int, size: int) -> Names:
    """Names and shapes."""
    for stage, (before, width, depth) in enumerate(zip((3, *WIDTHS), WIDTHS, DEPTHS), 1):
        side = 6 if stage == 1 else 4
        yield from layer(f"patch_embed{stage}.proj", (width, before, side, side))
        yield from batch_norm(f"patch_embed{stage}.norm", T * width)
        if stage > 1:
            yield f"patch_embed{stage}.in_lif.w", ()
        for block in range(depth):
            name, one = f"blocks{stage}.{block}", (1, 1) if stage < 3 else ()
            if stage < 3:
                yield f"{name}.act1.w", ()
                yield from layer(f"{name}.conv1", (width, width, 1, 1))
                yield from layer(f"{name}.attn", (width, 1, 5, 5))
                yield from layer(f"{name}.conv2", (width, width, 1, 1))
                yield from batch_norm(f"{name}.norm2", T * width)
            else:
                for part in ("in", "q", "k", "v", "proj"):
                    yield f"{name}.attn.{part}_lif.w", ()
                yield from layer(f"{name}.attn.qkv", (3 * width, width))
                yield from batch_norm(f"{name}.attn.norm1", T * 3 * width)
                yield from layer(f"{name}.attn.proj", (width, width))
                yield from batch_norm(f"{name}.attn.norm2", T * width)
            for number, (inputs, outputs) in enumerate(((width, 2 * width), (2 * width, width)), 1):
                yield f"{name}.mlp.act{number}.w", ()
                yield from layer(f"{name}.mlp.fc{number}", (outputs, inputs, *one))
                yield from batch_norm(f"{name}.mlp.norm{number}", T * outputs)
    yield "lplif.w", ()
    yield from layer("lpDWConv", (WIDTHS[2], 1, 3, 3))
    yield from layer("lpPWConv", (WIDTHS[3], WIDTHS[2], 1, 1))
    yield from batch_norm("lpBN", T * WIDTHS[3])
    yield "lif_bf_head.w", ()
    yield from layer("dwconv_bf_head", (2 * WIDTHS[3], 2, T, size // 32, size // 32))
    yield from batch_norm("dwconv_bn", 2 * WIDTHS[3])
    yield from layer("head", (classes, 2 * WIDTHS[3]))


def layer(name: str, shape: tuple[int, ...]) -> Names:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def batch_norm(name: str, channels: int) -> Names:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.num_batches_tracked", ()
