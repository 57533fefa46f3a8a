"""Small networks of every kind of join, pool and layer, as factories with the shape of a sample."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...networks import MLP, SHAPES, ResidualNet, SmallCNN


def conv(inputs: int, outputs: int, size: int = 3, **options: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, **options)


class Bottleneck(nn.Module):
    """Linear layers one after the other, depthwise ones, a residual add of currents: as MobileNetV2."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 4)
        self.expand, self.depth, self.project = conv(4, 8, 1), conv(8, 8, groups=8), conv(8, 4, 1)
        self.head, self.fc = conv(4, 6, 1), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.project(F.relu6(self.depth(F.relu6(self.expand(x)))))
        return self.fc(F.relu6(self.head(x)).mean((2, 3)))


class Dense(nn.Module):
    """Concatenations and norms that cannot be folded: as DenseNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.grow = conv(3, 4), conv(4, 3)
        self.norm, self.last = nn.BatchNorm2d(4), nn.BatchNorm2d(7)
        self.fc = nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.stem(x)), 2)
        x = torch.cat([x, self.grow(F.relu(self.norm(x)))], 1)
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.last(x)), 1).flatten(1))


class Clips(nn.Module):
    """Three dimensions, groups, pools with overlap and strides."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv3d(2, 4, 3, padding=1, stride=(1, 2, 2))
        self.b = nn.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0), groups=2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool3d(F.relu(self.a(x)), (1, 3, 3), (1, 2, 2), (0, 1, 1))
        return self.fc(F.avg_pool3d(F.relu(self.b(x)), 2).mean((2, 3, 4)))


class Upwards(nn.Module):
    """A transposed convolution, a nearest upsampling, the output a map."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.up, self.b = conv(3, 4), nn.ConvTranspose2d(4, 4, 2, 2, groups=2), conv(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(F.relu(self.up(F.relu(self.a(x)))))


class Vectors(nn.Module):
    """Sequences of vectors: channels come last."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        return self.c(F.relu(self.b(x) + x)).mean(1)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "small": (SmallCNN, SHAPES[SmallCNN]),
    "residual": (ResidualNet, SHAPES[ResidualNet]),
    "layers": (MLP, SHAPES[MLP]),
    "bottleneck": (Bottleneck, (3, 6, 6)),
    "dense": (Dense, (3, 8, 8)),
    "clips": (Clips, (2, 4, 8, 8)),
    "upwards": (Upwards, (3, 4, 4)),
    "vectors": (Vectors, (4, 5)),
}


def trained_like(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """Random weights, with norms that have seen something."""
    torch.manual_seed(seed)
    model = build().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    return model
