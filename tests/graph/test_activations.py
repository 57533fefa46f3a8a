"""Every way to write a ReLU is one site; what only looks like one is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.convert.canonical import canonicalise
from snnconv.graph.activations import Activation
from snnconv.graph.sites import activation_sites

from ..capture.raising import assert_same_outputs, raised_from

Function = Callable[[Tensor], Tensor]
FORMS: dict[str, tuple[Function, float | None]] = {
    "nn.ReLU": (nn.ReLU(), None),
    "nn.ReLU(inplace)": (nn.ReLU(inplace=True), None),
    "F.relu": (F.relu, None),
    "F.relu(inplace)": (lambda x: F.relu(x, inplace=True), None),
    "torch.relu": (torch.relu, None),
    "x.relu()": (lambda x: x.relu(), None),
    "x.relu_()": (lambda x: x.relu_(), None),
    "clamp(min=0)": (lambda x: x.clamp(min=0), None),
    "clamp_(min=0)": (lambda x: x.clamp_(min=0), None),
    "clamp_min": (lambda x: torch.clamp_min(x, 0), None),
    "clamp_min_": (lambda x: x.clamp_min_(0.0), None),
    "clip(min=0)": (lambda x: x.clip(min=0), None),
    "clip_(0, c)": (lambda x: x.clip_(0, 2), 2.0),
    "torch.clip": (lambda x: torch.clip(x, 0.0), None),
    "maximum(0 on the device, x)": (lambda x: torch.maximum(torch.zeros(()).to(x), x), None),
    "maximum(x, 0)": (lambda x: torch.maximum(x, torch.tensor(0.0)), None),
    "maximum(0, x)": (lambda x: torch.maximum(torch.zeros_like(x), x), None),
    "maximum(x, zeros(()))": (lambda x: torch.maximum(x, torch.zeros(())), None),
    "F.threshold": (lambda x: F.threshold(x, 0, 0), None),
    "nn.Threshold": (nn.Threshold(0.0, 0.0), None),
    "F.relu6": (F.relu6, 6.0),
    "nn.ReLU6": (nn.ReLU6(), 6.0),
    "nn.ReLU6(inplace)": (nn.ReLU6(inplace=True), 6.0),
    "F.hardtanh(0, c)": (lambda x: F.hardtanh(x, 0.0, 2.5), 2.5),
    "nn.Hardtanh(0, c)": (nn.Hardtanh(0.0, 2.5), 2.5),
    "clamp(0, c)": (lambda x: x.clamp(0, 3), 3.0),
    "clamp(0, inf)": (lambda x: x.clamp(0, float("inf")), None),
}
OTHERS: dict[str, Function] = {
    "clamp(-1, 1)": lambda x: x.clamp(-1, 1),
    "clip(-1, 1)": lambda x: x.clip(-1, 1),
    "clamp(min=0.5)": lambda x: x.clamp(min=0.5),
    "clamp(max=0)": lambda x: x.clamp(max=0),
    "hardtanh": F.hardtanh,
    "threshold(1, 0)": lambda x: F.threshold(x, 1.0, 0.0),
    "threshold(0, 1)": lambda x: F.threshold(x, 0.0, 1.0),
    "maximum(x, 1)": lambda x: torch.maximum(x, torch.tensor(1.0)),
    "maximum(x, -x)": lambda x: torch.maximum(x, -x),
    "leaky_relu": F.leaky_relu,
}


class Net(nn.Module):
    """The form between two layers; a ReLU before it, so that what the form gets varies in time."""

    def __init__(self, form: Function) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 3)
        self.form = form

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.form(self.b(torch.relu(self.a(x)))))


@pytest.mark.parametrize("form", FORMS)
def test_one_site_each(form: str) -> None:
    function, ceiling = FORMS[form]
    model = Net(function).eval()
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    sites = activation_sites(canonical)
    assert len(sites) == 2
    site = canonical.get_submodule(list(sites)[1])
    assert type(site) is Activation
    assert site.ceiling == ceiling
    assert_same_outputs(canonical, model, (4,))


@pytest.mark.parametrize("form", OTHERS)
def test_others_are_no_relu(form: str) -> None:
    """They are tracked, or follow the mean of their input: either way the network stays what it is."""
    model, x = Net(OTHERS[form]).eval(), torch.randn(16, 4)
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    assert_same_outputs(canonical, model, (4,))
    plain = [site for site in activation_sites(canonical) if type(canonical.get_submodule(site)) is Activation]
    assert len(plain) == 1
    if "threshold" not in form:  # which jumps
        snn = snnconv.convert(model, 128, data=[x], threshold="max")
        with torch.no_grad():
            torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.02)


def test_a_learned_zero_is_no_relu() -> None:
    """maximum(x, p) with a parameter that happens to be 0 is another function after training."""

    class Learned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.p = nn.Linear(4, 4), nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            return torch.maximum(self.a(x), self.p)

    canonical = canonicalise(raised_from(Learned(), torch.randn(2, 4)))
    assert not activation_sites(canonical)


class Reused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(5)])
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = self.relu(layer(x))
        return x


def test_a_module_used_five_times_is_five_sites() -> None:
    canonical = canonicalise(raised_from(Reused(), torch.randn(2, 4)))
    assert list(activation_sites(canonical)) == ["relu", "relu#2", "relu#3", "relu#4", "relu#5"]
    assert len({id(canonical.get_submodule(name)) for name in activation_sites(canonical)}) == 5
