"""Structures that break naive rewriting: shared layers, bare parameters, tied weights, in-place views, odd names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.capture.capture import capture
from snnconv.capture.raise_modules import raise_modules
from snnconv.convert.canonical import canonicalise
from snnconv.graph.graphs import module_calls

from ..capture.raising import assert_same_outputs, raised_from


class InPlaceView(nn.Module):
    """The addition sees what the ReLU did to the view."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Linear(27, 27)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(self.conv(x))
        flat = y.view(y.size(0), -1)
        flat.relu_()
        return self.fc(flat) + y.flatten(1)


class InPlaceBase(nn.Module):
    """The other way round: the view was taken before its base was overwritten."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        half = y[:, :3]
        y.relu_()
        return half + y[:, 3:]


class InPlaceChain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x)
        y += x
        y.relu_().mul_(0.5)
        z = self.b(y)
        z.add_(y)
        return F.relu_(z)


class CalledTwice(nn.Module):
    """One convolution at two call sites, each with a BatchNorm of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.bn1, self.bn2 = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv(x)))
        return F.relu(self.bn2(self.conv(x)))


class BareWeights(nn.Module):
    """Parameters that belong to no layer, at the root and in a child."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.scale = nn.Parameter(torch.randn(4, 2, 3, 3)), nn.Parameter(torch.rand(4, 1, 1))
        self.inner = nn.Module()
        self.inner.shift = nn.Parameter(torch.randn(4, 1, 1))
        self.register_buffer("offset", torch.randn(4, 1, 1))
        self.register_buffer("hidden", torch.randn(4, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight) * self.scale + self.inner.shift
        return F.relu(x) + self.offset - self.hidden


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 5), nn.Linear(5, 5)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.b(torch.relu(self.a(x)))


class OddNames(nn.Module):
    """`code` is an attribute of every fx.GraphModule, `class` is a keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Linear(4, 4)
        self.layer = nn.Module()
        self.layer.add_module("class", nn.Linear(4, 4))
        self.graph = nn.Sequential(nn.BatchNorm1d(4), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return getattr(self.layer, "class")(self.graph(self.code(x)))


STRUCTURES: list[tuple[type[nn.Module], tuple[int, ...]]] = [
    (InPlaceView, (2, 5, 5)),
    (InPlaceBase, (6,)),
    (InPlaceChain, (6,)),
    (CalledTwice, (3, 5, 5)),
    (BareWeights, (2, 5, 5)),
    (Tied, (5,)),
    (OddNames, (4,)),
]
structures = pytest.mark.parametrize(("net", "shape"), STRUCTURES, ids=lambda value: getattr(value, "__name__", ""))


@structures
def test_raised_is_the_source(net: type[nn.Module], shape: tuple[int, ...]) -> None:
    model = net().eval()
    raised = raised_from(model, torch.randn(2, *shape))
    assert set(raised.state_dict()) == set(model.state_dict())
    assert_same_outputs(raised, model, shape)
    canonical = canonicalise(raised)
    x = torch.randn(3, *shape)
    with torch.no_grad():
        torch.testing.assert_close(canonical(x), model(x), rtol=1e-5, atol=1e-5)


@structures
def test_weights_of_the_source_load(net: type[nn.Module], shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    model, other = net().eval(), net().eval()
    other.hidden = getattr(model, "hidden", None)  # no part of the state_dict
    raised = raised_from(model, torch.randn(2, *shape))
    raised.load_state_dict(other.state_dict())
    assert_same_outputs(raised, other, shape)


@pytest.mark.parametrize(("net", "shape"), STRUCTURES[:-1], ids=lambda value: getattr(value, "__name__", ""))
def test_decomposed_raises_too(net: type[nn.Module], shape: tuple[int, ...]) -> None:
    """All but the odd names, which torch itself cannot decompose."""
    model = net().eval()
    program = capture(model, (torch.randn(2, *shape),)).run_decompositions({})
    assert_same_outputs(raise_modules(program), model, shape)


@structures
def test_converted_approaches_the_source(net: type[nn.Module], shape: tuple[int, ...]) -> None:
    model, x = net().eval(), torch.randn(8, *shape)
    snn = snnconv.convert(model, 64, data=[x], method="auto", threshold="max")
    with torch.no_grad():
        expected = model(x)
    error = (snn(x) - expected).abs().mean() / expected.abs().mean()
    assert error < 0.03


def test_tied_weights_stay_tied() -> None:
    raised = raised_from(Tied(), torch.randn(2, 5))
    assert raised.get_submodule("a").weight is raised.get_submodule("b").weight
    assert len(list(raised.parameters())) == 3


def test_shared_convolution_is_folded_once_per_site() -> None:
    model = CalledTwice().eval()
    model.bn1.running_var.fill_(4.0)
    model.bn2.running_var.fill_(0.25)
    canonical = canonicalise(raised_from(model, torch.randn(2, 3, 5, 5)))
    first, second = (module for _, module in module_calls(canonical, nn.Conv2d))
    torch.testing.assert_close(first.weight, model.conv.weight / 2, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(second.weight, model.conv.weight * 2, rtol=1e-4, atol=1e-6)


def test_odd_names_are_told_as_the_source_has_them() -> None:
    raised = raised_from(OddNames(), torch.randn(2, 4))
    assert {"code.weight", "layer.class.bias", "graph.0.running_var"} <= set(raised.state_dict())
    missing = raised.load_state_dict({"code.weight": torch.zeros(4, 4)}, strict=False)
    assert not missing.unexpected_keys
    assert bool((raised.state_dict()["code.weight"] == 0).all())


def test_print_shows_the_source_class_names() -> None:
    text = repr(raised_from(OddNames(), torch.randn(2, 4)))
    assert text.startswith("OddNames(")
    assert "Sequential(" in text
    assert "BatchNorm1d(" in text


class Sequence(nn.Module):
    """Several tensors in a list, a dict out."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 5), nn.Linear(3, 5)

    def forward(self, x: list[Tensor], gain: float = 1.0) -> dict[str, Any]:
        a, b = torch.relu(self.a(x[0])), torch.relu(self.b(x[1]))
        return {"sum": a + b * gain, "parts": (a, [b])}


def test_calling_convention_is_the_sources() -> None:
    model, x = Sequence(), [torch.randn(2, 4), torch.randn(2, 3)]
    raised = raised_from(model, x)
    ours, theirs = raised(x), model(x)
    assert list(ours) == ["sum", "parts"]
    assert isinstance(ours["parts"], tuple)
    assert isinstance(ours["parts"][1], list)
    assert torch.equal(ours["sum"], theirs["sum"])
    assert torch.equal(ours["parts"][1][0], theirs["parts"][1][0])
