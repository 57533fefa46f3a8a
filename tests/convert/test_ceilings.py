"""Clips that end at another value for every channel or place: neurons send no more, whatever the rule and method."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import convert

METHODS = ("auto", "if", "ltb", "sdm", "snm")
IMAGE, SEQUENCE = (3, 6, 6), (5, 8)


class Capped(nn.Module):
    """min(relu(x), p), channels at another dimension or caps along another than that of the channels."""

    def __init__(self, layers: nn.Sequential, shape: tuple[int, ...], *, last: bool = False) -> None:
        super().__init__()
        self.first, self.second, self.last = layers[0], layers[1], last
        self.cap = nn.Parameter(torch.rand(shape) + 0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = 3 * self.first(x)
        x = x.movedim(1, -1) if self.last else x
        x = torch.minimum(F.relu(x), self.cap)
        x = x.movedim(-1, 1) if self.last else x
        return self.second(x).flatten(1)


def convolutions() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 2, 3))


def layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3))


PLACES = {
    "features": lambda: (Capped(layers(), (8,)), (8,)),
    "channels": lambda: (Capped(convolutions(), (8, 1, 1)), IMAGE),
    "channels last": lambda: (Capped(convolutions(), (8,), last=True), IMAGE),
    "rows": lambda: (Capped(convolutions(), (6, 1)), IMAGE),
    "columns": lambda: (Capped(convolutions(), (6,)), IMAGE),
    "pixels": lambda: (Capped(convolutions(), (6, 6)), IMAGE),
    "words": lambda: (Capped(layers(), (8,)), SEQUENCE),
    "positions": lambda: (Capped(layers(), (5, 1)), SEQUENCE),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("place", PLACES)
def test_what_lies_beyond_is_not_sent(place: str, method: str) -> None:
    torch.manual_seed(0)
    model, shape = PLACES[place]()
    x = torch.randn(6, *shape)
    snn = convert(model, 64, data=[x], method=method, threshold="max" if method in ("if", "sdm") else None)
    with torch.no_grad():
        wanted = model(x)
    assert float((snn(x) - wanted).norm() / wanted.norm()) < 0.03
    assert not [notice for notice in snn.plan.notices if "cut the range" in notice]


@pytest.mark.parametrize("method", snnconv.METHODS)
def test_neurons_that_send_beyond_the_end_are_named(method: str) -> None:
    """Either the error falls with time, or a notice says why it need not."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Hardtanh(0, 0.3), nn.Linear(16, 5)).eval()
    x = 2 * torch.randn(32, 8)
    snn = convert(model, 64, data=[x], method=method)
    with torch.no_grad():
        wanted = model(x)
    error = float((snn(x) - wanted).norm() / wanted.norm())
    said = [notice for notice in snn.plan.notices if "rates above the ceiling" in notice or "cut the range" in notice]
    assert error < 0.02 or said
    assert error < 0.1 or "method='auto'" in said[0]
