"""SVFormer, a spiking transformer for video that is trained directly, with its published variants."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import InputError
from ..cam_targets import CamTarget
from ..checkpointing import checkpointed
from ..checks import require_counts
from ..geometry import Shapes
from ..spiking_layer import LAYERS, NORMS, firing
from .blocks import Attention, Local, Style, begun, local_path, patches
from .titles import title_of


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
    """Clips [B, channels, frames, H, W] → logits [B, num_classes]; frames = T · depth. See `svformer`.

    Attributes:
        unit: frames in a time step; `anytime` gives an answer after so many frames more.
    """

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
        self.T, self.checkpointed = style.T, checkpointed
        self.depth = self.unit = style.depth
        self.input_shapes: Shapes = ()
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
        self.head = begun(nn.Linear(features, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.pool(self.spikes(x))).flatten(1))

    def spikes(self, x: Tensor) -> Tensor:
        """What the head reads, [B, features, T · depth, h, w]; no step sees a later one."""
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
                x = checkpointed(block, x, when=self.checkpointed)
        if self.path is not None:
            x = torch.cat([self.path(passed), x], 1)
        x = self.fires(x)
        x = x.unsqueeze(2) if self.depth == 1 else x
        return x.unflatten(0, (-1, self.T)).movedim(1, 2).flatten(2, 3)

    def anytime(self, x: Tensor) -> Tensor:
        """Logits after every time step t, [T, B, num_classes], of a network in eval mode. The last are forward(x).

            head(norm(b + Σ_{s≤t} W_s·x_s))

        W_s are the weights of the head's convolution for step s, x_s its spikes, b its bias: steps to come count as
        silent. Not T/t·Σ: the weights differ from step to step, and what few of them add up is blown up with its noise.
        Measured on 200 mouth clips of 12 frames, a small network that names 44.5 % of four commands: after 5 frames
        the logits are off by 0.7 of their norm and name 43 %, with T/t by 2.6 and 36.5 %, and are surer of it.
        """
        parts = zip(self.spikes(x).split(self.depth, 2), self.pool.weight.split(self.depth, 2))
        added = torch.stack([F.conv3d(spikes, weight, groups=self.pool.groups) for spikes, weight in parts])
        assert self.pool.bias is not None
        seen = added.cumsum(0) + self.pool.bias.view(-1, 1, 1, 1)
        return self.head(self.norm(seen.flatten(0, 1)).flatten(1)).unflatten(0, (self.T, -1))

    def title_of(self, layer: str) -> str:
        return title_of(layer)

    def cam_targets(self, frames: int) -> list[CamTarget]:
        """The spikes that the head reads."""
        return [CamTarget("SNN", "fires", list(range(frames)))]


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
        InputError: an unknown name, a number below 1, a size too small for the patches, or one that the local pathway
            does not fit.

    Source: Yu et al., "SVFormer: A Direct Training Spiking Transformer for Efficient Video Action Recognition",
    arXiv:2406.15034.
    """
    for name, value, known in (("variant", variant, VARIANTS), ("neuron", neuron, LAYERS), ("norm", norm, NORMS)):
        if value not in known:
            raise InputError(f"unknown {name} of SVFormer", expected=", ".join(known), got=repr(value))
    chosen = VARIANTS[variant]
    height, width = sides_of(chosen.size if size is None else size)
    channels = chosen.in_channels if in_channels is None else in_channels
    classes = chosen.num_classes if num_classes is None else num_classes
    require_counts("SVFormer", T=T, depth=depth, height=height, width=width, in_channels=channels, num_classes=classes)
    style = Style(T, depth, lambda: firing(T, neuron, **options), norm)
    path = chosen.path if local_pathway is None else local_pathway
    stages = len(chosen.channels)
    if path:
        require_even(height, width, stages)
    grids = grid(height, stages), grid(width, stages)
    network = SVFormer(chosen, style, grids, channels, classes, path, checkpointed)
    network.input_shapes = ((channels, T * depth, height, width),)
    return network


def sides_of(size: Any) -> tuple[Any, Any]:
    """Height and width, where one number means both."""
    sides = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(sides) != 2:
        raise InputError("invalid size for SVFormer", expected="224, or (height, width)", got=repr(size))
    return sides


def require_even(height: int, width: int, stages: int) -> None:
    """The local pathway rounds up where the patches beside it round down: the map that both read has even sides."""
    sides = grid(height, stages - 1), grid(width, stages - 1)
    if sides[0] % 2 or sides[1] % 2:
        raise InputError(
            "the local pathway does not fit frames of this size",
            expected=f"an even map before the last stage, as of multiples of {2 ** (stages + 1)} pixels",
            got=f"{height}×{width} pixels, a map of {sides[0]}×{sides[1]}",
            remedy="choose another size, or leave it out with local_pathway=False",
        )


def grid(size: int, stages: int) -> int:
    """Tokens along a side of the last map: 6×6 patches by 4, then 4×4 by 2."""
    tokens = (size + 2 - 6) // 4 + 1
    for _ in range(stages - 1):
        tokens = (tokens + 2 - 4) // 2 + 1
    if tokens < 1:
        raise InputError("frames are too small for SVFormer's patches", got=f"{size} pixels, {stages} stages")
    return tokens
