"""SVFormer, a spiking transformer for video that is trained directly, with its published variants."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...errors import InputError
from ..firing import LAYERS, NORMS, firing
from .blocks import Attention, Local, Style, local_path, patches


@dataclass(frozen=True)
class Variant:
    """One published form.

    Attributes:
        channels, depths: of every stage. local: how many stages, from the first, have local blocks, not attention.
        path: with the local pathway beside the last stage.
        in_channels, size, num_classes: of the data it was published for.
    """

    channels: tuple[int, ...] = (128, 256, 384, 512)
    depths: tuple[int, ...] = (1, 1, 3, 1)
    local: int = 2
    path: bool = True
    in_channels: int = 3
    size: int = 224
    num_classes: int = 101


VARIANTS = {
    "base": Variant(),
    "ss": Variant(depths=(1, 1, 2, 1)),
    "st": Variant(channels=(64, 128, 256, 512)),
    "dp": Variant(depths=(1, 2, 4, 2)),
    "wd": Variant(channels=(128, 256, 512, 768)),
    "3stg": Variant((64, 128, 256), (1, 2, 1), local=1, path=False, in_channels=2, size=128, num_classes=11),
}


class SVFormer(nn.Module):
    """Clips [B, channels, frames, H, W] → logits [B, num_classes]; frames = T · depth. See `svformer`."""

    def __init__(
        self,
        variant: Variant,
        style: Style,
        size: tuple[int, int],
        in_channels: int,
        num_classes: int,
        path: bool,
        checkpointed: bool,
    ) -> None:
        super().__init__()
        self.T, self.depth, self.checkpointed = style.T, style.depth, checkpointed
        widths = (in_channels, *variant.channels)
        self.patches = nn.ModuleList(
            patches(style, before, after, n == 0) for n, (before, after) in enumerate(pairwise(widths))
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*((Local if n < variant.local else Attention)(style, width) for _ in range(depth)))
            for n, (width, depth) in enumerate(zip(variant.channels, variant.depths))
        )
        last = variant.channels[-1]
        self.path = local_path(style, variant.channels[-2], last) if path else None
        features = 2 * last if path else last
        self.fires = style.fires()
        # The whole map of all steps at once: of a step's frames each has its own weights, too.
        kernel = (style.T * style.depth, *size)
        self.pool = nn.Conv3d(features, features, kernel, groups=features if style.depth > 1 else last)
        self.norm = nn.BatchNorm3d(features)
        self.head = nn.Linear(features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 5 or x.shape[2] != self.T * self.depth:
            raise InputError(
                "SVFormer takes clips of as many frames as it was built for",
                expected=f"[B, channels, {self.T * self.depth}, height, width]",
                got=str(list(x.shape)),
                remedy="build it with svformer(T=…), or sample as many frames",
            )
        x = x.unflatten(2, (self.T, self.depth)).movedim(2, 1).flatten(0, 1)  # [B·T, C, depth, H, W]
        x = x.squeeze(2) if self.depth == 1 else x
        passed = x
        for embed, stage in zip(self.patches, self.stages):
            x = embed(x)
            if embed is self.patches[-2]:
                passed = x
            for block in stage.children():
                x = checkpoint(block, x, use_reentrant=False) if self.checkpointed and self.training else block(x)
        if self.path is not None:
            x = torch.cat([self.path(passed), x], 1)
        x = self.fires(x)
        x = x.unsqueeze(2) if self.depth == 1 else x
        x = x.unflatten(0, (-1, self.T)).movedim(1, 2).flatten(2, 3)  # [B, C, T·depth, h, w]
        return self.head(self.norm(self.pool(x)).flatten(1))


def svformer(
    variant: str = "base",
    num_classes: int | None = None,
    T: int = 16,
    *,
    size: int | tuple[int, int] | None = None,
    in_channels: int | None = None,
    depth: int = 1,
    neuron: str = "plif",
    norm: str = "tdbn",
    local_pathway: bool | None = None,
    checkpointed: bool = False,
    **options: Any,
) -> SVFormer:
    """SVFormer, untrained.

    Args:
        variant: "base", "ss" (shallower), "st" (slimmer), "dp" (deeper), "wd" (wider) or "3stg" (for DVS128 Gesture).
        num_classes, in_channels, size: of the data; None: of the data that the variant was published for. Another
            `size`, one number or (height, width), changes the grids of tokens and the kernel of the head.
        T: time steps. depth: frames in each; above 1 they are short clips, convolved in 3-D.
        neuron: "plif" or "lif"; options: theirs, as tau, reset, surrogate. "relu": without spikes, the ANN twin, which
            `convert` takes.
        norm: "tdbn", with statistics for each time step, or "bn".
        local_pathway: with the local pathway; None: as the variant has it.
        checkpointed: in training, keep no block's inside for the gradient but compute it again: less memory, a third
            more time.

    Raises:
        InputError: an unknown name, or frames too small for the patches.

    Source: Yu et al., "SVFormer: A Direct Training Spiking Transformer for Efficient Video Action Recognition",
    arXiv:2406.15034.
    """
    for name, value, known in (("variant", variant, VARIANTS), ("neuron", neuron, LAYERS), ("norm", norm, NORMS)):
        if value not in known:
            raise InputError(f"unknown {name} of SVFormer", expected=", ".join(known), got=repr(value))
    chosen = VARIANTS[variant]
    height, width = (chosen.size,) * 2 if size is None else (size, size) if isinstance(size, int) else size
    style = Style(T, depth, lambda: firing(T, neuron, **options), norm)
    return SVFormer(
        chosen,
        style,
        (grid(height, len(chosen.channels)), grid(width, len(chosen.channels))),
        in_channels or chosen.in_channels,
        num_classes or chosen.num_classes,
        chosen.path if local_pathway is None else local_pathway,
        checkpointed,
    )


def grid(size: int, stages: int) -> int:
    """Tokens along a side of the last map: 6×6 patches by 4, then 4×4 by 2."""
    tokens = (size + 2 - 6) // 4 + 1
    for _ in range(stages - 1):
        tokens = (tokens + 2 - 4) // 2 + 1
    if tokens < 1:
        raise InputError("frames are too small for SVFormer's patches", got=f"{size} pixels, {stages} stages")
    return tokens
