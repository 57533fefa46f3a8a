"""Clips that end at another value for every channel or place: neurons send no more, whatever the rule and method."""

from __future__ import annotations

from typing import Any

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


class Clamped(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(0, 0.5)


@pytest.mark.parametrize("method", snnconv.METHODS)
def test_every_method_keeps_to_the_end(method: str) -> None:
    """The error falls to nothing, and no notice says that it need not; or one says why."""
    torch.manual_seed(0)
    clips = [nn.Hardtanh(0, 0.3), Clamped(), nn.ReLU6()]
    layers = [layer for clip in clips for layer in (nn.Linear(16, 16), clip)]
    model = nn.Sequential(nn.Linear(8, 16), *layers, nn.Linear(16, 5)).eval()
    x = 8 * torch.randn(32, 8)
    snn = convert(model, 64, data=[x], method=method, threshold="max")
    with torch.no_grad():
        wanted = model(x)
    early, late = (float((snn.run(x, T).logits[-1] - wanted).norm() / wanted.norm()) for T in (8, 64))
    doubts = ("rates above", "cut the range", "stay silent")
    said = [notice for notice in snn.plan.notices if any(doubt in notice for doubt in doubts)]
    assert bool(said) == (method == "srp")
    assert said or late < 0.01 or (late < 0.03 and late < 0.5 * early)


@pytest.mark.parametrize("method", ["burst", "dcgs"])
def test_relus_stay_the_methods_own(method: str) -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU6(), nn.Linear(16, 5)).eval()
    snn = convert(model, 4, data=[torch.randn(32, 8)], method=method)
    own = snnconv.METHODS[method]
    first, second = snn.plan.sites.values()
    assert (first.neuron, first.options) == (own.neuron, own.neuron_options())
    assert second.neuron == "tracking"


@pytest.mark.parametrize(("method", "options"), [("mt", {}), ("mt-signed", {"bits": 3}), ("sdm", {"beta": 1})])
def test_the_largest_activation_is_sent_in_one_step(method: str, options: dict[str, Any]) -> None:
    """Where α·β < 1 rule max makes λ so much larger."""
    model, x = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 5)).eval(), torch.randn(32, 8)
    snn = convert(model, 4, data=[x], method=method, threshold="max", **options)
    (neuron,) = snn.sites.values()
    with torch.no_grad():
        largest = model[:2](x).max()
    torch.testing.assert_close(neuron.theta * neuron.reach(1), largest)


@pytest.mark.parametrize("shape", [(), (1,), (16,)])
@pytest.mark.parametrize("form", ["tensor", "zeros_like", "minimum"])
def test_clamps_between_tensors_are_clips(form: str, shape: tuple[int, ...]) -> None:
    class Between(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Linear(8, 16), nn.Linear(16, 5), nn.Parameter(0.3 + torch.rand(shape))

        def forward(self, x: Tensor) -> Tensor:
            x = self.a(x)
            if form == "minimum":
                return self.b(torch.minimum(F.relu(x), self.c))
            return self.b(
                torch.clamp(x, torch.zeros_like(self.c) if form == "zeros_like" else torch.tensor(0.0), self.c)
            )

    torch.manual_seed(0)
    (entry,) = snnconv.inspect(Between().eval(), data=[torch.randn(8, 8)]).entries
    assert entry.operation.startswith("clip to")
