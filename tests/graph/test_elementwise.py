"""Every activation that can be tracked is a site that keeps its settings, its name and its outputs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.convert.canonical import canonicalise
from snnconv.errors import InputError
from snnconv.graph.elementwise import ELEMENTWISE, Elementwise
from snnconv.graph.sites import activation_sites
from snnconv.neurons import Tracking

from ..capture.raising import assert_same_outputs, raised_from

# {activation: its operation and settings}
MODULES: dict[nn.Module, tuple[str, dict[str, object]]] = {
    nn.SiLU(): ("silu", {}),
    nn.SiLU(inplace=True): ("silu", {}),
    nn.GELU(): ("gelu", {}),
    nn.GELU("tanh"): ("gelu", {"approximate": "tanh"}),
    nn.Hardswish(): ("hardswish", {}),
    nn.Hardsigmoid(): ("hardsigmoid", {}),
    nn.Sigmoid(): ("sigmoid", {}),
    nn.Tanh(): ("tanh", {}),
    nn.Mish(): ("mish", {}),
    nn.Softplus(2.0, 10.0): ("softplus", {"beta": 2.0, "threshold": 10.0}),
    nn.ELU(0.5): ("elu", {"alpha": 0.5}),
    nn.SELU(): ("selu", {}),
    nn.CELU(0.7): ("celu", {"alpha": 0.7}),
    nn.LeakyReLU(0.1): ("leaky_relu", {"negative_slope": 0.1}),
    nn.PReLU(): ("prelu", {}),
    nn.PReLU(5): ("prelu", {}),
    nn.RReLU(0.1, 0.3): ("leaky_relu", {"negative_slope": 0.2}),
    nn.LogSigmoid(): ("log_sigmoid", {}),
    nn.Softsign(): ("softsign", {}),
    nn.Hardtanh(-2.0, 3.0): ("clamp", {"min": -2.0, "max": 3.0}),
    nn.Hardtanh(0.5, 1.0): ("clamp", {"min": 0.5, "max": 1.0}),
    nn.Softshrink(0.1): ("softshrink", {"lambd": 0.1}),
}
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "sigmoid": torch.sigmoid,
    "sigmoid_": lambda x: x.sigmoid_(),
    "tanh": lambda x: x.tanh(),
    "hardswish": F.hardswish,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "clamp": lambda x: x.clamp(-0.5, 0.25),
    "clamp of tensors": lambda x: torch.clamp(x, torch.tensor(-0.5), torch.tensor(0.25)),
    "hardtanh": F.hardtanh,
    "softsign": F.softsign,
}


class Net(nn.Module):
    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.a, self.act1 = nn.Linear(4, 5), activation
        self.b, self.act2 = nn.Linear(5, 5), copy.deepcopy(activation)
        self.c = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.act2(self.b(self.act1(self.a(x)))))


class Functional(Net):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__(nn.Identity())
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.function(self.b(self.function(self.a(x)))))


@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_a_module_is_a_site_with_its_settings(module: nn.Module, tmp_path: Path) -> None:
    """At its own name, raised, canonical and from a file; and it spikes to the right rates."""
    operation, settings = MODULES[module]
    model, x = Net(module).eval(), torch.randn(16, 4) * 2
    raised = raised_from(model, torch.randn(2, 4))
    assert set(raised.state_dict()) == set(model.state_dict())
    canonical = canonicalise(raised)
    assert list(activation_sites(canonical)) == ["act1", "act2"]
    site = canonical.get_submodule("act1")
    assert isinstance(site, Elementwise)
    assert site.name == operation
    assert site.settings == pytest.approx(settings) if operation == "leaky_relu" else site.settings == settings
    assert_same_outputs(canonical, model, (4,))
    snn = snnconv.convert(model, 128, data=[x], threshold="max")
    assert all(isinstance(neuron, Tracking) for neuron in snn.sites.values())
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.01, atol=0.01)
    snn.save(tmp_path / "a.snn.pt2")
    other = snnconv.load(tmp_path / "a.snn.pt2")
    assert list(other.sites) == ["act1", "act2"]
    assert sorted(repr(other).splitlines()[2:]) == sorted(repr(snn).splitlines()[2:])
    assert torch.equal(other(x), snn(x))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_a_site_too(name: str, tmp_path: Path) -> None:
    model, x = Functional(FUNCTIONS[name]).eval(), torch.randn(16, 4) * 2
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    first, second = activation_sites(canonical)
    assert second == f"{first}#2"
    assert first == {"sigmoid_": "sigmoid", "clamp of tensors": "clamp"}.get(name, name)
    assert_same_outputs(canonical, model, (4,))
    snn = snnconv.convert(model, 128, data=[x], threshold="max")
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.01, atol=0.01)
    snn.save(tmp_path / "a.snn.pt2")
    other = snnconv.load(tmp_path / "a.snn.pt2")
    assert list(other.sites) == [first, second]
    assert torch.equal(other(x), snn(x))


def test_every_activation_of_the_table_is_tried() -> None:
    tried = {operation for operation, _ in MODULES.values()}
    assert ELEMENTWISE.keys() - tried == {"rrelu", "hardtanh", "hardshrink", "threshold"}  # the last two jump


def test_a_function_of_weights_alone_is_no_site() -> None:
    """As the bias tables of Swin V2: there is nothing to spike."""

    class Gated(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.c(F.relu(self.a(x)) * torch.sigmoid(self.b.bias) + F.relu(self.b.bias))

    canonical = canonicalise(raised_from(Gated(nn.Identity()).eval(), torch.randn(2, 4)))
    assert list(activation_sites(canonical)) == ["relu"]


def test_kept_activations_follow_the_mean() -> None:
    model, x = Net(nn.SiLU()).eval(), torch.randn(16, 4)
    snn = snnconv.convert(model, 64, data=[x], threshold="max", keep="act2")
    assert list(snn.sites) == ["act1"]
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.01, atol=0.01)


class Tokens(nn.Module):
    """[B, 6, 4] through a perceptron: features come last."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.act, self.b = nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.act(self.a(x))).mean(1)


def test_channels_are_the_features_of_a_linear_layer() -> None:
    """One λ for each, which the layer behind takes into its weights; not one for each token."""
    x = torch.randn(16, 6, 4)
    snn = snnconv.convert(Tokens().eval(), data=[x], method="sdm-zero", threshold="max")
    threshold = snn.plan.sites["act"].threshold
    assert threshold is not None
    assert threshold.shape == (1, 5)
    with torch.no_grad():
        torch.testing.assert_close(threshold[0], snn.ann.act(snn.ann.a(x)).abs().amax((0, 1)))  # type: ignore[operator]
    assert not any("quantum" in name for name, _ in snn.network.named_modules())


@pytest.mark.parametrize(
    "operation",
    ["from_file.default", "relu.default.__class__", "silu.__class__", "importlib", "silu.default.name"],
)
def test_a_file_cannot_name_another_function(operation: str) -> None:
    """A pickled site holds its operation as text."""
    site = Elementwise("silu.default")
    site.__dict__["operation"] = operation
    with pytest.raises(InputError, match="not an "):
        site(torch.ones(1))
