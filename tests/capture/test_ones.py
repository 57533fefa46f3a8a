"""Sizes of 1: taken where the network takes them, whether the example has one or not, and refused where it does not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv import InputError
from snnconv.capture.free_sizes import capture_free

from .size_cases import Case, Pooled, Shapes, Tokens, converted, inputs_of, reloaded


class Strip(nn.Module):
    """Convolves along the width alone."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, (1, 3), padding=(0, 1)), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.a(x)).mean((2, 3)))


class OtherAtOne(Strip):
    """Another function of a single row, which an export from several rows knows nothing of."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.shape[2] > 1 else 2 * x + 1)


class Tail(nn.Module):
    """Three strides of 2: the last map of 8² is one pixel."""

    def __init__(self, pooled: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 if i == 0 else 4, 4, 3, 2, 1) for i in range(3))
        self.fc, self.pooled = nn.Linear(4, 3), pooled
        for layer in self.layers:
            nn.init.ones_(layer.bias)  # type: ignore[arg-type]  # one pixel is not 0 by chance

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.fc(F.avg_pool2d(x, x.shape[2:]).flatten(1) if self.pooled else x.view(x.shape[0], 4, -1).mean(2))


@dataclass(frozen=True)
class One:
    model: nn.Module
    shapes: Shapes
    takes: list[Shapes]
    refuses: list[Shapes]


CASES = {
    "at the example": One(Strip(), [(3, 1, 8)], [[(3, 1, 5)], [(3, 4, 8)], [(3, 2, 1)]], []),
    "both": One(Strip(), [(3, 1, 1)], [[(3, 1, 5)], [(3, 4, 8)]], []),
    "elsewhere": One(Pooled(), [(3, 8, 8)], [[(3, 2, 3)], [(3, 3, 9)]], [[(3, 1, 8)]]),
    "a word": One(Tokens(), [(12, 5)], [[(1, 5)]], []),
    "another function": One(OtherAtOne(), [(3, 8, 8)], [[(3, 2, 1)]], [[(3, 1, 8)]]),
    "another function at the example": One(OtherAtOne(), [(3, 1, 8)], [[(3, 1, 5)]], [[(3, 8, 8)]]),
    "last map": One(Tail(pooled=False), [(3, 8, 8)], [[(3, 20, 9)], [(3, 5, 1)]], []),
    "last map, pooled by its size": One(Tail(pooled=True), [(3, 8, 8)], [[(3, 20, 9)], [(3, 1, 1)]], []),
}


@pytest.mark.parametrize("name", CASES)
def test_sizes_of_one(name: str) -> None:
    case = CASES[name]
    snn = converted(Case(case.model, case.shapes, [], []))
    for network in (snn, reloaded(snn)):
        for shapes in (case.shapes, *case.takes):
            x = inputs_of(shapes, 2)
            with torch.no_grad():
                torch.testing.assert_close(network.ann(*x), case.model(*x))
            assert network.run(x, T=1).logits.isfinite().all()
        for shapes in case.refuses:
            with pytest.raises(InputError, match="another shape"):
                network.run(inputs_of(shapes, 2))


class Counting(Strip):
    """Writes into its input and into a buffer, which is none of a conversion's business."""

    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)
        x[:, 0] = 0
        return super().forward(x)


def test_looking_at_sizes_of_one_changes_neither_model_nor_example() -> None:
    model, x = Counting(), torch.ones(2, 3, 4, 8)
    for example in (x, x[:, :, :1]):
        assert capture_free(model, (example,)).sizes.ranges["d2"] == (1, None)
    assert model.calls == 0
    assert x.eq(1).all()
