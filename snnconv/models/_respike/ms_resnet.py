"""MS-ResNet-18, the spiking branch of ReSpike: residual sums of potentials, not of spikes.

Time is folded into the batch: [B·steps, C, H, W]; in training BatchNorm takes each step alone. Source: Hu et al.,
"Advancing Spiking Neural Networks toward Deep Residual Learning", IEEE TNNLS 2024; the strides are those of ReSpike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ..checkpointing import checkpointed
from ..spiking_layer import EachStepNorm

CHANNELS = (64, 128, 256, 512)
BLOCKS = 2  # in a stage


@dataclass(frozen=True)
class Style:
    """What the blocks share: T time steps, and what makes a spiking layer or its stand-in."""

    T: int
    fires: Callable[[], nn.Module]

    def normed(self, channels: int) -> nn.Module:
        return EachStepNorm(self.T, channels)


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class Block(nn.Module):
    """y = N(conv s(N(conv s(x)))) + shortcut(x), s a spiking layer, N BatchNorm: what is added up does not spike."""

    def __init__(self, style: Style, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            style.fires(), conv3x3(inputs, outputs, stride), style.normed(outputs),
            style.fires(), conv3x3(outputs, outputs), style.normed(outputs),
        )  # fmt: skip
        same = stride == 1 and inputs == outputs
        self.shortcut: nn.Module = nn.Identity() if same else shrinking(style, inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


def shrinking(style: Style, inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """The shortcut where shapes change. Of maps with odd sides it keeps the border, as the convolution beside it."""
    pool = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)
    return nn.Sequential(pool, nn.Conv2d(inputs, outputs, 1, bias=False), style.normed(outputs))


class MSResNet18(nn.Module):
    """Frames or residuals [B·steps, channels, H, W] → potentials [B·steps, 512, H/32, W/32], stage by stage.

    Attributes:
        stem: half the size, 64 channels. stages: four, each of which halves the size again.
    """

    def __init__(self, style: Style, in_channels: int = 3, checkpointed: bool = False) -> None:
        super().__init__()
        self.checkpointed = checkpointed
        self.stem = nn.Sequential(conv3x3(in_channels, CHANNELS[0], 2), style.normed(CHANNELS[0]))
        widths = (CHANNELS[0], *CHANNELS)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(Block(style, before if n == 0 else after, after, 2 if n == 0 else 1) for n in range(BLOCKS))
            )
            for before, after in zip(widths, CHANNELS)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for stage in self.stages:
            x = checkpointed(stage, x, when=self.checkpointed)
        return x


def title_of(layer: str) -> str:
    """`stages.2.0.residual.3` → `3.0 conv2`: stage from 1, block from 0, and what reads the layer's spikes."""
    _, stage, block, _, place = layer.split(".")
    return f"{int(stage) + 1}.{block} conv{1 if place == '0' else 2}"
