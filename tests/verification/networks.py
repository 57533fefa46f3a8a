"""Networks whose verification tells something: several inputs, trees as outputs, a fixed precision, no spiking form."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TwoInputs(nn.Module):
    """Two inputs, a dict with a tuple in it as output."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.head = nn.Linear(6, 8), nn.Linear(4, 8), nn.Linear(8, 3)
        self.act, self.gate = nn.ReLU(), nn.SiLU()

    def forward(self, a: Tensor, b: Tensor) -> dict[str, Tensor | tuple[Tensor, Tensor]]:
        one, other = self.act(self.left(a)), self.gate(self.right(b))
        return {"main": self.head(one + other), "parts": (one, other)}


class InFloat32(nn.Module):
    """Casts to float32 inside: it does not run in float64."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(x)).to(torch.float32))


class Normalised(nn.Module):
    """With a LayerNorm between neurons, which stays analog by nature."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.norm(torch.relu(self.first(x)))))


class Jumping(nn.Module):
    """Draws where it pools from, between two ReLUs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool, self.last = nn.Conv2d(1, 4, 3), nn.FractionalMaxPool2d(2, output_size=3), nn.Linear(36, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.pool(torch.relu(self.conv(x)))).flatten(1))
