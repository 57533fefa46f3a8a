"""Small networks shared by the tests, and dyadic weights, inputs and thresholds: sums of them are exact in float32."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv.calib import Site

GRID = 2.0**-3


class SmallCNN(nn.Module):
    """Convolutions with max pooling in the middle, one grouped, average pooling at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2, self.relu2 = nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.ReLU()
        self.pool2 = nn.AvgPool2d(2)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        return self.fc(torch.flatten(x, 1))


class Block(nn.Module):
    def __init__(self, planes: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(planes, out, 3, 2, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1)
        self.down = nn.Conv2d(planes, out, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.down(x))


class ResidualNet(nn.Module):
    """Functional ReLUs around an identity and a strided shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.same = nn.Conv2d(4, 4, 3, padding=1)
        self.block = Block(4, 4)
        self.fc = nn.Linear(4 * 3 * 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        x = F.relu(self.same(x) + x)
        return self.fc(self.block(x).flatten(1))


class MLP(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


SHAPES: dict[type[nn.Module], tuple[int, ...]] = {SmallCNN: (2, 6, 6), ResidualNet: (2, 6, 6), MLP: (6,)}


# {activation site: the layer whose output it gets}
FED_BY: dict[type[nn.Module], dict[str, str]] = {
    SmallCNN: {"relu1": "conv1", "relu2": "conv2"},
    ResidualNet: {
        "relu": "stem", "relu#2": "same", "block.relu": "block.conv1", "block.relu#2": "block.conv2",
    },
    MLP: {"1": "0", "3": "2"},
}  # fmt: skip


def on_grid(x: Tensor, step: float = GRID) -> Tensor:
    """The nearest multiples of a power of two."""
    return torch.round(x / step) * step


def dyadic(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights in ±½ on the grid; in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(on_grid(torch.rand(parameter.shape, generator=generator) - 0.5))
    return model.eval()


def dyadic_batch(shape: tuple[int, ...], count: int = 2, seed: int = 1) -> Tensor:
    return on_grid(torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed)))


def power_of_two(site: Site) -> Tensor:
    """A threshold rule: half the maximum rounded up to a power of two, so that some activations clip."""
    positive = site.values.maximum.clamp(min=2.0**-6)  # single neurons may never have risen above 0
    return torch.exp2(torch.ceil(torch.log2(positive)) - 1)


def spread_norms(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random BatchNorm statistics and weights, as training leaves them; in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            assert isinstance(module.running_mean, Tensor)
            assert isinstance(module.running_var, Tensor)
            module.running_mean.copy_(torch.randn(module.num_features, generator=generator) * 0.2)
            module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
            if module.affine:
                with torch.no_grad():
                    module.weight.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
                    module.bias.copy_(torch.randn(module.num_features, generator=generator) * 0.2)
    return model.eval()


class SpikeRecorder:
    """An observer that keeps every spike: {site: [T, B, …]}."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Tensor]] = {}
        self.starts: dict[str, list[int]] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        assert current.shape == spikes.shape
        self._parts.setdefault(site, []).append(spikes.clone())
        self.starts.setdefault(site, []).append(start)

    @property
    def spikes(self) -> dict[str, Tensor]:
        return {site: torch.cat(parts) for site, parts in self._parts.items()}
