"""Small networks by what they do with their sizes: for which shapes they are converted, which others they take."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import SpikingNetwork
from snnconv.io.snn_file import load_network, save_network

from ..networks import MLP, SmallCNN

Shapes = list[tuple[int, ...]]


class Pooled(nn.Module):
    """Max pooling, a strided layer, global average pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, 2, 1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.b(F.max_pool2d(F.relu(self.a(x)), 2)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Window(Pooled):
    """A pooling window that is the whole map at the example's size, and smaller than the map at others."""

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.avg_pool2d(F.relu(self.b(F.relu(self.a(x)))), 4).mean((2, 3)))


class Joined(nn.Module):
    """Quanta per channel through a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 5, 1), nn.Conv2d(9, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.c(torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1))).mean((2, 3))


class UNet(nn.Module):
    """One level down and up again; `to_size` makes up for an odd size, `asking` does so where Python finds one."""

    def __init__(self, to_size: bool = False, asking: bool = False) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(8, 2, 1)
        self.to_size, self.asking = to_size, asking

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu(self.a(x))
        b = F.relu(self.b(F.max_pool2d(a, 2)))
        up = F.interpolate(b, size=a.shape[2:]) if self.to_size else F.interpolate(b, scale_factor=2)
        if self.asking and up.shape[2:] != a.shape[2:]:
            up = F.interpolate(up, size=a.shape[2:])
        return self.c(torch.cat([a, up], 1))


class Tokens(nn.Module):
    """[B, L, C] through attention, with positions for at most 20."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.q, self.k, self.fc = nn.Linear(5, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        self.place = nn.Parameter(torch.randn(1, 20, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.embed(x) + self.place[:, : x.shape[1]])
        return self.fc(F.relu((self.q(x) @ self.k(x).transpose(1, 2)).softmax(-1) @ x).mean(1))


class Clip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv3d(3, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.a(x)).mean((2, 3, 4)))


class Frames(nn.Module):
    """[B, T, C, H, W]: frames folded into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = F.relu(self.a(x.flatten(0, 1))).mean((2, 3))
        return self.fc(maps.view(x.shape[0], x.shape[1], 4).mean(1))


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1), nn.Linear(8, 3)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(torch.cat([F.relu(self.a(x)).mean((2, 3)), F.relu(self.b(y)).mean((2, 3))], 1))


class Pathways(nn.Module):
    """Two clips of different numbers of frames, as SlowFast takes them: four of the second for one of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv3d(3, 4, 3, padding=1), nn.Conv3d(3, 2, 3, padding=1)
        self.lateral, self.fc = nn.Conv3d(2, 4, (5, 1, 1), (4, 1, 1), (2, 0, 0)), nn.Linear(10, 3)

    def forward(self, slow: Tensor, fast: Tensor) -> Tensor:
        slow, fast = F.relu(self.a(slow)), F.relu(self.b(fast))
        slow = torch.cat([slow, F.relu(self.lateral(fast))], 1)
        return self.fc(torch.cat([F.avg_pool3d(x, x.shape[2:]).flatten(1) for x in (slow, fast)], 1))


class Sum(Pair):
    """Two inputs of one size."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(torch.cat([F.relu(self.a(x) + self.b(y)).mean((2, 3))] * 2, 1))


class Viewed(nn.Module):
    """`view(-1, 64)` makes more rows of larger maps: that is no larger input, but a larger batch."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.max_pool2d(F.relu(self.a(x)), 2).view(-1, 64))


class Branching(Pooled):
    """Another function of large images."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        return self.fc(F.pad(x, (0, 0, 0, 0, 0, 2)).amax((2, 3)) if x.shape[2] > 20 else F.relu(self.b(x)).mean((2, 3)))


class Fractions(Pooled):
    """Python that asks for a fraction or a root of a size, or hands one on as a number."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        h, w = x.shape[2:]
        if self.how == "half":
            x = F.interpolate(x, size=(int(h * 0.5), w))
        elif h / w > 1.5 if self.how == "aspect" else (h * w) ** 0.5 > 12:
            x = -x
        return self.fc(F.relu(self.b(x)).mean((2, 3)))


class Places(nn.Module):
    """[B, L, C] with a table of positions, which is looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place, self.fc = nn.Linear(5, 8), nn.Embedding(16, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.embed(x) + self.place(torch.arange(x.shape[1]))).mean(1))


@dataclass(frozen=True)
class Case:
    """A network, the shapes it is converted for, others that it takes, and others that it refuses with what words."""

    model: nn.Module
    shapes: Shapes
    takes: list[Shapes]
    refuses: list[tuple[Shapes, str]]


CASES = {
    "pooled": Case(Pooled(), [(3, 16, 16)], [[(3, 9, 21)], [(3, 4, 4)]], [([(2, 9, 9)], "dimension 1 is fixed at 3")]),
    "window": Case(Window(), [(3, 8, 8)], [[(3, 16, 24)]], [([(3, 4, 16)], "dimension 2 is 4; the network takes at")]),
    "joined": Case(Joined(), [(3, 8, 8)], [[(3, 9, 5)]], []),
    "even": Case(UNet(), [(3, 8, 8)], [[(3, 10, 16)]], [([(3, 9, 8)], r"the network needs \(2\*\(d2 // 2\)\) == d2")]),
    "any": Case(UNet(to_size=True), [(3, 8, 8)], [[(3, 9, 11)]], []),
    "asking": Case(UNet(asking=True), [(3, 8, 8)], [[(3, 6, 12)]], [([(3, 9, 8)], "the network needs")]),
    "branching": Case(Branching(), [(3, 8, 8)], [[(3, 20, 9)]], [([(3, 21, 9)], "dimension 2 is 21; .* at most 20")]),
    "tokens": Case(Tokens(), [(12, 5)], [[(3, 5)], [(20, 5)]], [([(21, 5)], "dimension 1 is 21; .* at most 20")]),
    "clip": Case(Clip(), [(3, 4, 8, 8)], [[(3, 6, 9, 5)]], []),
    "frames": Case(Frames(), [(4, 3, 8, 8)], [[(6, 3, 9, 5)]], []),
    "pair": Case(Pair(), [(3, 8, 8), (2, 8, 8)], [[(3, 9, 5), (2, 7, 6)]], [([(3, 8, 8), (1, 8, 8)], "of input 2")]),
    "pathways": Case(
        Pathways(), [(3, 2, 8, 8), (3, 8, 8, 8)], [[(3, 2, 9, 11), (3, 8, 9, 11)], [(3, 3, 6, 8), (3, 12, 6, 8)]],
        [([(3, 2, 8, 8), (3, 12, 8, 8)], r"the network needs .* == d2, at size_cases.py:\d+: slow = torch\.cat")],
    ),
    "sum": Case(Sum(), [(3, 8, 8), (2, 8, 8)], [[(3, 9, 5), (2, 9, 5)]], [([(3, 9, 5), (2, 9, 6)], "is 6, not d3")]),
    "viewed": Case(Viewed(), [(3, 8, 8)], [], [([(3, 16, 16)], "dimension 2 is fixed at 8: the network needs")]),
    "aspect": Case(Fractions("aspect"), [(3, 8, 8)], [[(3, 9, 6)]], [([(3, 10, 6)], r"needs \(d2 / d3\) <= 1\.5")]),
    "half": Case(Fractions("half"), [(3, 8, 8)], [[(3, 8, 5)]], [([(3, 9, 8)], r"needs trunc\(0\.5\*float")]),
    "root": Case(Fractions("root"), [(3, 8, 8)], [], [([(3, 13, 13)], "decides by a number computed from it")]),
    "places": Case(Places(), [(12, 5)], [[(16, 5)]], [([(17, 5)], "it does not run: index out of range")]),
    "flatten": Case(SmallCNN(), [(2, 6, 6)], [], [([(2, 12, 12)], "2 is fixed at 6: the network takes no other")]),
    "features": Case(MLP(), [(6,)], [], [([(7,)], "dimension 1 is fixed at 6")]),
}  # fmt: skip


def inputs_of(shapes: Shapes, batch: int) -> tuple[Any, ...]:
    return tuple(torch.randn(batch, *shape) for shape in shapes)


def converted(case: Case, method: str = "sdm", **options: Any) -> SpikingNetwork:
    batch = inputs_of(case.shapes, 4)
    data: list[Any] = [{"input": batch}] if len(batch) > 1 else list(batch)
    return snnconv.convert(case.model.eval(), 4, data=data, method=method, **options)


def reloaded(snn: SpikingNetwork) -> SpikingNetwork:
    buffer = io.BytesIO()
    save_network(snn, buffer)
    buffer.seek(0)
    return load_network(buffer)
