"""ReSpike: an ANN looks at key frames, a spiking network at what changes between them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from ...errors import InputError
from ..cam_targets import CamTarget
from ..checkpointing import checkpointed
from ..checks import require_counts
from ..geometry import Shapes
from ..spiking_layer import LAYERS, RELU, firing
from .fusion import Fusion
from .ms_resnet import CHANNELS, MSResNet18, Style, title_of

BACKBONES: dict[str, Callable[..., torchvision.models.ResNet]] = {
    "resnet18": torchvision.models.resnet18,
    "resnet50": torchvision.models.resnet50,
    "resnet101": torchvision.models.resnet101,
    "resnet152": torchvision.models.resnet152,
}
POOLS = (4, 2, 1, 1)  # of each stage's map to its tokens: 14², 14², 14² and 7² of frames of 224²
FRAMES, SIDE = 16, 224  # of the clips that it was published with, as whole segments
BRANCHES = ("both", "key", "residual")
Weights = str | torchvision.models.ResNet | None


class KeyFrames(nn.Module):
    """A torchvision ResNet without its pool and classifier: [B, channels, H, W] → the maps of its four stages."""

    def __init__(self, backbone: str, in_channels: int, weights: Weights, checkpointed: bool) -> None:
        super().__init__()
        self.checkpointed = checkpointed
        net = resnet(backbone, weights)
        if in_channels != 3:
            of_colours = net.conv1.weight.detach()
            net.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
            if weights is not None and in_channels == 1:  # a grey frame is one of three equal colours
                net.conv1.weight.data.copy_(of_colours.sum(1, keepdim=True))
        self.stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        self.stages = nn.ModuleList([net.layer1, net.layer2, net.layer3, net.layer4])
        self.channels = [width * (net.fc.in_features // CHANNELS[-1]) for width in CHANNELS]

    def forward(self, x: Tensor) -> list[Tensor]:
        x, maps = self.stem(x), []
        for stage in self.stages:
            x = checkpointed(stage, x, when=self.checkpointed)
            maps.append(x)
        return maps


def resnet(backbone: str, weights: Weights) -> torchvision.models.ResNet:
    """The torchvision network: the one given, with weights of torchvision, or at random.

    Raises:
        InputError: no name that torchvision knows.
    """
    if weights is None:
        return BACKBONES[backbone]()
    if isinstance(weights, torchvision.models.ResNet):
        return copy.deepcopy(weights)
    names = ["DEFAULT", *torchvision.models.get_model_weights(backbone).__members__]
    if weights not in names:
        raise InputError(
            f"no such weights of {backbone}", expected=f"a file of torchvision's, or {', '.join(dict.fromkeys(names))}",
            got=repr(weights), remedy="fetch the file from download.pytorch.org, and name it",
        )  # fmt: skip
    return BACKBONES[backbone](weights=weights)


class ReSpike(nn.Module):
    """Clips [B, channels, frames, H, W] → logits [B, num_classes]. See `respike`.

    Attributes:
        stride: frames in a segment: one key frame and the residuals of the others.
        unit: the same; `anytime` gives an answer after so many frames more.
        every: frames of a video follow one another, as where its authors train and test it.
    """

    every = 1

    def __init__(
        self,
        backbone: str,
        num_classes: int,
        stride: int,
        branches: str,
        fusion: bool,
        cross: bool,
        in_channels: int,
        weights: Weights,
        checkpointed: bool,
        neuron: dict[str, Any],
    ) -> None:
        super().__init__()
        self.stride = self.unit = stride
        self.in_channels = in_channels
        self.checkpointed = checkpointed
        ann = KeyFrames(backbone, in_channels, weights, checkpointed)
        self.ann = ann if branches != "residual" else None
        style = Style(stride - 1, lambda: firing(stride - 1, **neuron))
        self.snn = MSResNet18(style, in_channels, checkpointed) if branches != "key" else None
        pairs = zip(CHANNELS, ann.channels, POOLS) if branches == "both" and fusion else ()
        self.fusions = nn.ModuleList(Fusion(width, context, pool, cross) for width, context, pool in pairs)
        features = (ann.channels[-1] if self.ann is not None else 0) + (CHANNELS[-1] if self.snn is not None else 0)
        self.head = nn.Linear(features, num_classes)
        self.input_shapes: Shapes = ((in_channels, max(FRAMES // stride, 1) * stride, SIDE, SIDE),)

    def forward(self, x: Tensor) -> Tensor:
        return self.segment_logits(x).mean(1)

    def segment_logits(self, x: Tensor) -> Tensor:
        """Logits of every segment, [B, segments, num_classes]: what is known after each `stride` frames."""
        if x.dim() != 5 or x.shape[2] % self.stride or not x.shape[2]:
            raise InputError(
                "ReSpike takes clips of whole segments",
                expected=f"[B, channels, frames, height, width], frames a multiple of the stride {self.stride}",
                got=str(list(x.shape)),
                remedy="sample another number of frames, or build it with another stride",
            )
        segments = x.transpose(1, 2).unflatten(1, (-1, self.stride)).flatten(0, 1)  # [B·segments, stride, C, H, W]
        key, residuals = segments[:, 0], segments[:, 1:] - segments[:, :1]
        maps = self.ann(key) if self.ann is not None else []
        seen = [maps[-1].mean((-2, -1))] if maps else []
        if self.snn is not None:
            seen.append(self.spiking(residuals.flatten(0, 1), maps).mean((-2, -1)))
        return self.head(torch.cat(seen, 1)).unflatten(0, (-1, x.shape[2] // self.stride))

    def spiking(self, residuals: Tensor, maps: list[Tensor]) -> Tensor:
        """Residuals [B·steps, …] → the last stage's potentials, averaged over time, [B, 512, h, w]."""
        assert self.snn is not None
        x = self.snn.stem(residuals)
        for number, stage in enumerate(self.snn.stages):
            x = checkpointed(stage, x, when=self.checkpointed)
            if self.fusions:
                x = checkpointed(self.fusions[number], x, maps[number], when=self.checkpointed)
        return x.unflatten(0, (-1, self.stride - 1)).mean(1)

    def anytime(self, x: Tensor) -> Tensor:
        """Logits after every segment, the mean of those so far: [segments, B, num_classes]. The last are forward(x)."""
        logits = self.segment_logits(x).transpose(0, 1)
        return logits.cumsum(0) / torch.arange(1, len(logits) + 1, device=x.device).view(-1, 1, 1)

    def title_of(self, layer: str) -> str:
        return title_of(layer.removeprefix("snn."))

    def cam_targets(self, frames: int) -> list[CamTarget]:
        """The ANN at the key frames, the spiking branch at the others: what is averaged for the classifier."""
        keys = list(range(0, frames, self.stride))
        found = [CamTarget("ANN", "ann.stages.3", keys)] if self.ann is not None else []
        if self.snn is not None:
            residuals = [key + step for key in keys for step in range(1, self.stride)]
            found.append(CamTarget("SNN", "fusions.3" if self.fusions else "snn.stages.3", residuals))
        return found

    @torch.no_grad()
    def cross_attention(self, x: Tensor) -> Tensor | None:
        """What every token of a residual attends to in its key frame, in the last fusion; None without it.

        Returns:
            The mean over the heads, [B, segments, stride − 1, h, w, h, w]: a query's row and column, then a key's.
        """
        last = self.fusions[-1] if self.fusions else None
        if not isinstance(last, Fusion) or last.cross_attention is None:
            return None
        seen: list[tuple[Tensor, Tensor]] = []
        sides: list[torch.Size] = []
        hooks = [
            last.cross_attention.register_forward_pre_hook(lambda _, args: seen.append(args)),
            last.register_forward_pre_hook(lambda _, args: sides.append(last.tokens(args[0]).shape[2:])),
        ]
        try:
            self.segment_logits(x)
        finally:
            for hook in hooks:
                hook.remove()
        weights = last.cross_attention.weights(*seen[0]).mean(1)  # [B·segments·steps, n, n]
        steps = (len(x), -1, self.stride - 1)
        return weights.unflatten(2, sides[0]).unflatten(1, sides[0]).unflatten(0, steps)


def respike(
    backbone: str = "resnet18",
    num_classes: int = 51,
    stride: int = 4,
    *,
    branches: str = "both",
    fusion: bool = True,
    cross: bool = True,
    in_channels: int = 3,
    weights: Weights = None,
    neuron: str = "lif",
    tau: float = 4 / 3,
    checkpointed: bool = False,
    **options: Any,
) -> ReSpike:
    """ReSpike, untrained.

    Every `stride` frames are a segment: an ANN sees the first, the key frame; a spiking MS-ResNet-18 sees the others
    minus the key frame, one a time step, and attends to the ANN's maps. Segments are folded into the batch; their
    logits are averaged. Any number of frames that is a multiple of the stride, and any size from about 32 pixels.

    Args:
        backbone: "resnet18", "resnet50", "resnet101" or "resnet152" of torchvision.
        stride: frames in a segment, at least 2; 1 where every frame is a key frame (branches="key").
        branches: "both", or for ablations the "key" frames or the "residual"s alone.
        fusion: with a transformer block after every stage; cross: with attention to the key frame in it.
        in_channels: of the frames.
        weights: of the ANN, which its authors begin with ImageNet's: a torchvision network of the backbone that has
            them; or a name that torchvision knows, such as "DEFAULT", whose weights are downloaded. None: random. Where
            the network is opened by name (`open_model`, the command line), a file of torchvision's, too.
        neuron, tau, options: of the spiking layers; "lif" with v ← 0.25 v + 0.75 x, θ = 1, hard reset. "relu": without
            spikes; with the residual branch alone an ANN that `convert` takes.
        checkpointed: in training, keep no stage's inside for the gradient but compute it again: less memory, a third
            more time.

    Raises:
        InputError: an unknown name, a number below 1, or a stride too small.

    Source: Xiao et al., "ReSpike: Residual Frames-based Hybrid Spiking Neural Networks for Efficient Action
    Recognition", arXiv:2409.01564.
    """
    for name, value, known in (
        ("backbone", backbone, BACKBONES),
        ("branches", branches, BRANCHES),
        ("neuron", neuron, LAYERS),
    ):
        if value not in known:
            raise InputError(f"unknown {name} of ReSpike", expected=", ".join(known), got=repr(value))
    require_counts("ReSpike", num_classes=num_classes, in_channels=in_channels)
    least = 1 if branches == "key" else 2
    if isinstance(stride, bool) or not isinstance(stride, int) or stride < least:
        said = "a segment has at least a key frame" if least == 1 else "a segment is a key frame and at least one other"
        raise InputError(said, expected=f"stride ≥ {least}", got=repr(stride))
    chosen = {"neuron": neuron} if neuron == RELU else {"neuron": neuron, "tau": tau, **options}
    return ReSpike(backbone, num_classes, stride, branches, fusion, cross, in_channels, weights, checkpointed, chosen)
