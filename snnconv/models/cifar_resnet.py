"""The CIFAR ResNets of He et al. 2015, "Deep Residual Learning for Image Recognition" (arXiv:1512.03385), §4.2.

A 3×3 stem and three stages of n basic blocks at 32×32, 16×16 and 8×8 with 16, 32 and 64 channels: 6n + 2 layers.
State-dict keys are those of the widespread public checkpoints: conv1, bn1, layer1.0.conv1 …, linear.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class OptionABlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut without parameters (the paper's option A).

    Where the stage changes, the shortcut takes every second pixel and pads the new channels with zeros, half of them
    before the old ones and half after, as the public checkpoints expect.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.stride = 1 if in_channels == channels else 2
        self.padding = (channels - in_channels) // 2
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] → [N, C', H / stride, W / stride]."""
        shortcut = x
        if self.stride == 2:
            shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + shortcut)


class CifarResNet(nn.Module):
    """[N, 3, 32, 32] → logits [N, num_classes], with `blocks` blocks in each of the three stages."""

    def __init__(self, blocks: int, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, blocks)
        self.layer2 = _stage(16, 32, blocks)
        self.layer3 = _stage(32, 64, blocks)
        self.linear = nn.Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        return self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))


def _stage(in_channels: int, channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(OptionABlock(in_channels if i == 0 else channels, channels) for i in range(blocks)))


def cifar_resnet20(num_classes: int = 10) -> CifarResNet:
    """ResNet-20: 0.27 million parameters, 8.75 % error on CIFAR-10 in the paper's Table 6."""
    return CifarResNet(3, num_classes)


def cifar_resnet32(num_classes: int = 10) -> CifarResNet:
    """ResNet-32: 0.46 million parameters, 7.51 % error on CIFAR-10 in the paper's Table 6."""
    return CifarResNet(5, num_classes)


def cifar_resnet44(num_classes: int = 10) -> CifarResNet:
    """ResNet-44: 0.66 million parameters, 7.17 % error on CIFAR-10 in the paper's Table 6."""
    return CifarResNet(7, num_classes)


def cifar_resnet56(num_classes: int = 10) -> CifarResNet:
    """ResNet-56: 0.85 million parameters, 6.97 % error on CIFAR-10 in the paper's Table 6."""
    return CifarResNet(9, num_classes)


def cifar_resnet110(num_classes: int = 10) -> CifarResNet:
    """ResNet-110: 1.7 million parameters, 6.43 % error on CIFAR-10 in the paper's Table 6."""
    return CifarResNet(18, num_classes)
