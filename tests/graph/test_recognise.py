"""Activations are what they give, however they are written: one site of the right kind, also from a file."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.convert.canonical import canonicalise
from snnconv.graph.activations import LearnedClip
from snnconv.graph.sites import activation_sites
from snnconv.io.snn_file import load_network, save_network

from ..capture.raising import raised_from

Spelling = Callable[["Net", Tensor], Tensor]


class Net(nn.Module):
    """A spelling between two layers, with what it may need."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.spelling = nn.Linear(4, 8), nn.Linear(8, 3), spelling
        self.ceiling, self.slopes = nn.Parameter(torch.tensor(0.75)), nn.Parameter(torch.rand(8) + 0.1)
        self.sigmoid, self.relu6 = nn.Sigmoid(), nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.spelling(self, self.first(x)))


def masked(x: Tensor, low: float) -> Tensor:
    x = x.clone()
    x[x < low] = low
    return x


# {site: its spellings}
KNOWN: dict[str, dict[str, Spelling]] = {
    "Activation(relu)": {
        "where(x>0,x,0)": lambda _, x: torch.where(x > 0, x, 0.0),
        "where(x>0,x,zeros)": lambda _, x: torch.where(x > 0, x, torch.zeros_like(x)),
        "where(x<=0,zeros(1),x)": lambda _, x: torch.where(x <= 0, torch.zeros(1), x),
        "x*(x>0)": lambda _, x: x * (x > 0),
        "(x>=0)*x": lambda _, x: (x >= 0) * x,
        "x*greater": lambda _, x: x * torch.greater(x, 0),
        "x*(x>0).float()": lambda _, x: x * (x > 0).float(),
        "x*(x>0).type_as(x)": lambda _, x: x * (x > 0).type_as(x),
        "masked_fill": lambda _, x: x.masked_fill(x < 0, 0.0),
        "masked_fill(~)": lambda _, x: x.masked_fill(~(x > 0), 0.0),
        "x[x<0]=0": lambda _, x: masked(x, 0.0),
        "max(x,0)": lambda _, x: torch.max(x, torch.tensor(0.0)),
        "max(x,zeros)": lambda _, x: torch.max(x, torch.zeros(x.shape)),
        "fmax": lambda _, x: torch.fmax(x, torch.zeros_like(x)),
        "-min(-x,0)": lambda _, x: -torch.minimum(-x, torch.zeros(())),
        "(x+|x|)/2": lambda _, x: (x + x.abs()) / 2,
        "x-min(x,0)": lambda _, x: x - x.clamp(max=0),
        "x*heaviside": lambda _, x: x * torch.heaviside(x, torch.tensor(0.0)),
        "x*(sign+1)/2": lambda _, x: x * (x.sign() + 1) / 2,
        "leaky_relu(0)": lambda _, x: F.leaky_relu(x, 0.0) + 0 * x,
    },
    "Activation(clip to 2)": {
        "min(relu,2)": lambda _, x: torch.minimum(F.relu(x), torch.tensor(2.0)),
        "relu-relu(x-2)": lambda _, x: F.relu(x) - F.relu(x - 2),
        "where twice": lambda _, x: torch.where(x > 2, 2.0, torch.where(x < 0, 0.0, x)),
        "PACT": lambda _, x: 0.5 * (x.abs() - (x - 2).abs() + 2),
        "2·clamp(x/2)": lambda _, x: 2 * torch.clamp(x / 2, 0, 1),
        "1-relu(1-relu)": lambda _, x: 2 - F.relu(2 - F.relu(x)),
    },
    "LearnedClip(clip to 0.75)": {
        "λ·clamp(x/λ)": lambda net, x: torch.clamp(x / net.ceiling, 0, 1) * net.ceiling,
        "PACT": lambda net, x: 0.5 * (x.abs() - (x - net.ceiling).abs() + net.ceiling),
        "min(relu,λ)": lambda net, x: torch.minimum(F.relu(x), net.ceiling),
    },
    "LeakyReLU(negative_slope=0.1)": {
        "where": lambda _, x: torch.where(x > 0, x, 0.1 * x),
        "max(x,0.1x)": lambda _, x: torch.maximum(x, 0.1 * x),
        "relu-0.1relu(-x)": lambda _, x: F.relu(x) - 0.1 * F.relu(-x),
        "masks": lambda _, x: x * (x > 0) + 0.1 * x * (x <= 0),
        "|x|": lambda _, x: 0.55 * x + 0.45 * x.abs(),
    },
    "PReLU()": {
        "per channel": lambda net, x: F.relu(x) - net.slopes * F.relu(-x),
        "one": lambda net, x: torch.where(x > 0, x, net.ceiling * x),
    },
    "Hardtanh(min=-1.0, max=2.0)": {
        "min(max)": lambda _, x: torch.minimum(torch.maximum(x, torch.tensor(-1.0)), torch.tensor(2.0)),
        "where": lambda _, x: torch.where(x > 2, 2.0, masked(x, -1.0)),
    },
    "SiLU()": {
        "x*sigmoid": lambda _, x: x * torch.sigmoid(x),
        "x*module": lambda net, x: x * net.sigmoid(x),
        "x/(1+exp(-x))": lambda _, x: x / (1 + torch.exp(-x)),
    },
    "GELU()": {
        "0.5x(1+erf)": lambda _, x: 0.5 * x * (1 + torch.erf(x / 2**0.5)),
        "x*erf*0.5": lambda _, x: x * (torch.erf(x * 0.7071067811865476) + 1.0) * 0.5,
        "x*ndtr": lambda _, x: x * torch.special.ndtr(x),
        "x*erfc": lambda _, x: x * torch.special.erfc(-x / 2**0.5) / 2,
    },
    "GELU(approximate='tanh')": {
        "x³": lambda _, x: 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * torch.pow(x, 3)))),
        "x·x": lambda _, x: 0.5 * x * (1 + torch.tanh(x * 0.7978845608 * (1 + 0.044715 * x * x))),
    },
    "Hardswish()": {
        "x*relu6(x+3)/6": lambda _, x: x * F.relu6(x + 3) / 6,
        "x*module": lambda net, x: x * (net.relu6(x + 3) / 6),
        "x*hardsigmoid": lambda _, x: x * F.hardsigmoid(x),
        "clamp": lambda _, x: x * (x + 3).clamp(0, 6) / 6,
    },
    "Hardsigmoid()": {"relu6(x+3)/6": lambda _, x: F.relu6(x + 3) / 6},
    "Mish()": {"x*tanh(softplus)": lambda _, x: x * torch.tanh(F.softplus(x))},
    "Sigmoid()": {
        "1/(1+exp(-x))": lambda _, x: 1 / (1 + torch.exp(-x)),
        "tanh": lambda _, x: 0.5 * (1 + torch.tanh(x / 2)),
    },
    "Tanh()": {"2σ(2x)-1": lambda _, x: 2 * torch.sigmoid(2 * x) - 1},
    "Softplus()": {"log(1+exp)": lambda _, x: torch.log(1 + torch.exp(x)), "log1p": lambda _, x: x.exp().log1p()},
    "Softsign()": {"x/(1+|x|)": lambda _, x: x / (1 + x.abs())},
    "ELU(alpha=0.5)": {"where": lambda _, x: torch.where(x > 0, x, 0.5 * (torch.exp(x) - 1))},
}
CASES = [(site, name) for site, spellings in KNOWN.items() for name in spellings]


@pytest.mark.parametrize(("site", "name"), CASES)
def test_a_spelling_is_the_site_that_it_is(site: str, name: str) -> None:
    model = Net(KNOWN[site][name]).eval()
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    assert [repr(canonical.get_submodule(path)) for path in activation_sites(canonical)] == [site]
    x = 4 * torch.randn(32, 4)
    with torch.no_grad():
        torch.testing.assert_close(canonical(x), model(x), rtol=1e-5, atol=1e-5)


# What has no name is one site that keeps the operations: {spelling: the site's name}.
UNNAMED: dict[str, tuple[Spelling, str]] = {
    "quick GELU": (lambda _, x: x * torch.sigmoid(1.702 * x), "composed"),
    "swish with a learned slope": (lambda net, x: x * torch.sigmoid(net.ceiling * x), "composed"),
    "snake": (lambda _, x: x + torch.sin(x) * torch.sin(x), "composed"),
    "a bump": (lambda _, x: x * torch.exp(-x * x), "composed"),
    "a slope of each channel": (lambda net, x: x * torch.sigmoid(net.slopes * x), "composed"),
    "a choice of three": (lambda _, x: torch.where(x > 1, x.sqrt(), torch.where(x < -1, -0.5, x)), "composed"),
}


@pytest.mark.parametrize("name", UNNAMED)
def test_a_function_without_a_name_is_followed(name: str) -> None:
    """One site, that a neuron tracks, and the same again from a file."""
    spelling, site = UNNAMED[name]
    model, x = Net(spelling).eval(), 2 * torch.randn(16, 4)
    snn = snnconv.convert(model, 64, data=[x], threshold="max")
    assert list(snn.sites) == [site]
    with torch.no_grad():
        assert torch.equal(snn.ann(x), model(x))
        torch.testing.assert_close(snn(x), model(x), rtol=0.01, atol=0.01)
    file = io.BytesIO()
    save_network(snn, file)
    file.seek(0)
    again = load_network(file)
    assert list(again.sites) == [site]
    assert repr(again.ann.get_submodule(site)) == repr(snn.ann.get_submodule(site))
    assert torch.equal(again(x), snn(x))


# What is more than one activation, or none: {spelling: its sites}.
APART: dict[str, tuple[Spelling, list[str]]] = {
    "2relu+1": (lambda _, x: F.relu(x) * 2 + 1, ["relu"]),
    "relu(2x+1)": (lambda _, x: F.relu(2 * x + 1), ["relu"]),
    "relu twice": (lambda _, x: F.relu(F.relu6(x)), ["relu6", "relu"]),
    "x+relu": (lambda _, x: x + F.relu(x), ["relu"]),
    "sqrt(relu)": (lambda _, x: torch.sqrt(F.relu(x) + 1e-3), ["relu"]),
    "x²": (lambda _, x: x * x, []),
    "sigmoid of relu": (lambda _, x: torch.sigmoid(F.relu(x)), ["relu", "sigmoid"]),
    "by the mean": (lambda _, x: x * torch.sigmoid(x.mean(1, keepdim=True)), ["sigmoid"]),
    "relu of its own kind": (lambda _, x: torch.cat([F.relu(x), F.relu(-x)], 1)[:, :8], ["relu", "relu#2"]),
}


@pytest.mark.parametrize("name", APART)
def test_what_is_apart_stays_apart(name: str) -> None:
    spelling, sites = APART[name]
    model = Net(spelling).eval()
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    assert list(activation_sites(canonical)) == sites
    x = torch.randn(8, 4)
    with torch.no_grad():
        assert torch.equal(canonical(x), model(x))


def test_a_part_that_is_read_elsewhere_is_a_site_of_its_own() -> None:
    def spelling(_: Net, x: Tensor) -> Tensor:
        positive = F.relu(x)
        return torch.cat([positive[:, :4], (positive - 0.1 * F.relu(-x))[:, 4:]], 1)

    model, x = Net(spelling).eval(), torch.randn(16, 4)
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    kinds = [repr(canonical.get_submodule(path)) for path in activation_sites(canonical)]
    assert kinds == ["Activation(relu)", "LeakyReLU(negative_slope=0.1)"]
    with torch.no_grad():
        assert torch.equal(canonical(x), model(x))


def test_a_parameter_that_is_zero_by_chance_is_no_relu() -> None:
    """After training it may be another function."""

    def spelling(net: Net, x: Tensor) -> Tensor:
        return torch.maximum(x, net.ceiling - net.ceiling)

    canonical = canonicalise(raised_from(Net(spelling).eval(), torch.randn(2, 4)))
    assert not activation_sites(canonical)


def test_patterns_name_composed_sites() -> None:
    model, x = Net(lambda net, x: F.relu(net.sigmoid(1.5 * x) * x)).eval(), torch.randn(8, 4)
    snn = snnconv.convert(model, data=[x], keep="^composed$")
    assert list(snn.sites) == ["relu"]
    assert list(snnconv.convert(model, data=[x], only="composed").sites) == ["composed"]


def test_a_trained_clip_gives_its_threshold() -> None:
    model, x = Net(KNOWN["LearnedClip(clip to 0.75)"]["PACT"]).eval(), torch.randn(8, 4)
    snn = snnconv.convert(model, data=[x], method="opt")
    assert isinstance(snn.ann.get_submodule("clip"), LearnedClip)
    assert float(snn.plan.sites["clip"].threshold) == 0.75  # type: ignore[arg-type]
