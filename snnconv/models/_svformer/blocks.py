"""The blocks of SVFormer, on maps with time folded into the batch: [B·T, C, H, W], or [B·T, C, D, H, W] of clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ..spiking_layer import NORMS

HEAD_WIDTH = 64
STD = 0.02  # of the first weights of linear layers
Make = Callable[[int, int], nn.Module]  # (channels in, out) → a layer on every token


@dataclass(frozen=True)
class Style:
    """What the blocks of one network share.

    Attributes:
        T: time steps.
        depth: frames in a time step; above 1 they are convolved too.
        fires: what makes a spiking layer, or its stand-in.
        norm: "tdbn" or "bn".
    """

    T: int
    depth: int
    fires: Callable[[], nn.Module]
    norm: str

    def conv(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        padding: int = 0,
        *,
        groups: int = 1,
        deep: int = 1,
    ) -> nn.Module:
        """A convolution in space; where a step has several frames, `deep` of them at a time."""
        if self.depth == 1:
            return nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups)
        size = (deep, kernel, kernel)
        return nn.Conv3d(inputs, outputs, size, (1, stride, stride), (deep // 2, padding, padding), groups=groups)

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """A linear layer of every token, weights from N(0, 0.02²) and no bias to begin with, as in transformers."""
        return begun(self.conv(inputs, outputs))

    def normed(self, channels: int) -> nn.Module:
        return NORMS[self.norm](self.T, channels)


def begun(layer: nn.Module) -> nn.Module:
    """The layer with a linear layer's first weights."""
    assert isinstance(layer.weight, Tensor)
    assert isinstance(layer.bias, Tensor)
    nn.init.trunc_normal_(layer.weight, std=STD)
    nn.init.zeros_(layer.bias)
    return layer


def patches(style: Style, inputs: int, outputs: int, first: bool) -> nn.Sequential:
    """Patch embedding: the first takes the frames as they are, 6×6 by 4; later ones spikes, 4×4 by 2."""
    if first:
        return nn.Sequential(style.conv(inputs, outputs, 6, 4, 1, deep=3), style.normed(outputs))
    return nn.Sequential(style.fires(), style.conv(inputs, outputs, 4, 2, 1), style.normed(outputs))


def mlp(style: Style, channels: int, layer: Make) -> nn.Sequential:
    """Two layers on every token, twice as wide between."""
    hidden = 2 * channels
    return nn.Sequential(
        style.fires(), layer(channels, hidden), style.normed(hidden),
        style.fires(), layer(hidden, channels), style.normed(channels),
    )  # fmt: skip


class Local(nn.Module):
    """LFE, local features: x + N(1×1 → depthwise 5×5 → 1×1)(spikes of x), then an MLP with its own shortcut."""

    def __init__(self, style: Style, channels: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            style.fires(),
            style.conv(channels, channels),
            style.conv(channels, channels, 5, 1, 2, groups=channels, deep=3),
            style.conv(channels, channels),
            style.normed(channels),
        )
        self.mlp = mlp(style, channels, style.conv)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mix(x)
        return x + self.mlp(x)


class Attention(nn.Module):
    """GSA, global self-attention of spikes, without softmax, among the tokens of a time step:

        q, k, v = spikes of N(W spikes of x);  y = x + N(W' spikes of (q (kᵀ v) / √64))

    in heads of 64 channels; then an MLP with its own shortcut. kᵀv first: linear in the number of tokens.
    """

    def __init__(self, style: Style, channels: int) -> None:
        super().__init__()
        self.heads = channels // HEAD_WIDTH
        self.qkv = nn.Sequential(style.fires(), style.linear(channels, 3 * channels), style.normed(3 * channels))
        self.q, self.k, self.v = style.fires(), style.fires(), style.fires()
        self.out = nn.Sequential(style.fires(), style.linear(channels, channels), style.normed(channels))
        self.mlp = mlp(style, channels, style.linear)

    def forward(self, x: Tensor) -> Tensor:
        drives = self.qkv(x).flatten(2).chunk(3, 1)  # [B·T, C, tokens] each
        q, k, v = (
            fires(drive).unflatten(1, (self.heads, HEAD_WIDTH)).transpose(-2, -1)  # [B·T, heads, tokens, 64]
            for fires, drive in zip((self.q, self.k, self.v), drives)
        )
        attended = q @ (k.transpose(-2, -1) @ v) * HEAD_WIDTH**-0.5
        x = x + self.out(attended.transpose(-2, -1).flatten(1, 2).view_as(x))
        return x + self.mlp(x)


def local_path(style: Style, inputs: int, outputs: int) -> nn.Sequential:
    """LP: local features of the stage before the last, past its attention."""
    return nn.Sequential(
        style.fires(),
        style.conv(inputs, inputs, 3, 2, 1, groups=inputs),
        style.conv(inputs, outputs),
        style.normed(outputs),
    )
