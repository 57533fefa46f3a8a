"""MS-ResNet-18 by itself: the spiking network that ReSpike's tables compare with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..cam_targets import CamTarget
from ..checks import require_counts
from ..spiking_layer import LAYERS, RELU, firing
from .ms_resnet import CHANNELS, MSResNet18, Style, title_of


class SpikingResNet(nn.Module):
    """Clips [B, channels, T, H, W] → logits [B, num_classes]: every frame is a time step. See `ms_resnet18`.

    Attributes:
        unit: frames after which `anytime` gives a further answer.
    """

    unit = 1

    def __init__(self, T: int, num_classes: int, in_channels: int, checkpointed: bool, neuron: dict[str, Any]) -> None:
        super().__init__()
        self.T = T
        self.snn = MSResNet18(Style(T, lambda: firing(T, **neuron)), in_channels, checkpointed)
        self.head = nn.Linear(CHANNELS[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean(1))

    def features(self, x: Tensor) -> Tensor:
        """Potentials of every step, averaged over the map: [B, T, 512]."""
        if x.dim() != 5 or x.shape[2] != self.T:
            raise InputError(
                "MS-ResNet-18 takes clips of as many frames as it was built for",
                expected=f"[B, channels, {self.T}, height, width]",
                got=str(list(x.shape)),
                remedy="build it with ms_resnet18(T=…), or sample as many frames",
            )
        return self.snn(x.transpose(1, 2).flatten(0, 1)).mean((-2, -1)).unflatten(0, (-1, self.T))

    def anytime(self, x: Tensor) -> Tensor:
        """Logits after every frame, of the mean features so far: [T, B, num_classes]. The last are forward(x)."""
        features = self.features(x).transpose(0, 1)
        return self.head(features.cumsum(0) / torch.arange(1, self.T + 1, device=x.device).view(-1, 1, 1))

    def title_of(self, layer: str) -> str:
        return title_of(layer.removeprefix("snn."))

    def cam_targets(self, frames: int) -> list[CamTarget]:
        return [CamTarget("SNN", "snn.stages.3", list(range(frames)))]


def ms_resnet18(
    num_classes: int = 51,
    T: int = 16,
    *,
    in_channels: int = 3,
    neuron: str = "lif",
    tau: float = 4 / 3,
    checkpointed: bool = False,
    **options: Any,
) -> SpikingResNet:
    """MS-ResNet-18, untrained: the spiking branch of ReSpike on all frames of a clip, and a classifier on its mean.

    Args:
        T: time steps; each is a frame.
        in_channels: of the frames.
        neuron, tau, options, checkpointed: as in `respike`.

    Raises:
        InputError: an unknown neuron, or a number below 1.

    Source: Hu et al., "Advancing Spiking Neural Networks toward Deep Residual Learning", IEEE TNNLS 2024; as in Table 3
    of Xiao et al., "ReSpike", arXiv:2409.01564.
    """
    if neuron not in LAYERS:
        raise InputError("unknown neuron of MS-ResNet-18", expected=", ".join(LAYERS), got=repr(neuron))
    require_counts("MS-ResNet-18", num_classes=num_classes, T=T, in_channels=in_channels)
    chosen = {"neuron": neuron} if neuron == RELU else {"neuron": neuron, "tau": tau, **options}
    return SpikingResNet(T, num_classes, in_channels, checkpointed, chosen)
