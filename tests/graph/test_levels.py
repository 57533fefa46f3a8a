"""Networks trained with quantised activations come in with the levels they were trained for."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import METHODS
from snnconv.convert.canonical import canonicalise
from snnconv.graph.sites import activation_sites
from snnconv.io.snn_file import load_network, save_network
from snnconv.network import SpikingNetwork
from snnconv.neurons import Tracking
from snnconv.verification import verify

from .. import reference as ref
from ..capture.raising import raised_from

LEVELS = 4


class Straight(torch.autograd.Function):
    """A function forwards, the identity backwards, as published programs write it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        return function(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return gradient, None


class QCFS(nn.Module):
    """Bu et al., ICLR 2022, as the authors write it."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.clamp(x / self.up, 0, 1)
        return Straight.apply(x * LEVELS + 0.5, torch.floor) / LEVELS * self.up  # type: ignore[operator]


class LSQ(nn.Module):
    """Esser et al., ICLR 2020, unsigned, 3 bits."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        scaled = self.step * 0.1
        step = (self.step - scaled).detach() + scaled
        x = torch.clamp(x / step, 0, 7)
        return (x + (x.round() - x).detach()) * step


class Rounded(nn.Module):
    """Straight-through rounding of a ReLU to quarters, without an end."""

    def forward(self, x: Tensor) -> Tensor:
        return Straight.apply(F.relu(x) * 4, torch.round) / 4  # type: ignore[operator]


TRAINED: dict[str, tuple[type[nn.Module], str]] = {
    "qcfs": (QCFS, "4 levels up to"), "lsq": (LSQ, "7 levels up to"), "rounded": (Rounded, "levels of 0.25"),
}  # fmt: skip


def samples(count: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 8, generator=generator)
    return x, ((x[:, 0] * x[:, 1] > 0).long() + 2 * (x[:, 2] + x[:, 3].abs() > 0.5).long())


def trained(name: str) -> nn.Sequential:
    kind, _ = TRAINED[name]
    torch.manual_seed(0)
    layers = [nn.Linear(8, 24), kind(), nn.Linear(24, 16), kind(), nn.Linear(16, 4)]
    model, (x, y) = nn.Sequential(*layers), samples(512, 0)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(80):
        optimiser.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimiser.step()
    assert (model(x).argmax(1) == y).float().mean() > 0.8
    return model.eval()


@pytest.fixture(scope="module", params=list(TRAINED))
def network(request: pytest.FixtureRequest) -> tuple[str, nn.Sequential, Tensor, Tensor]:
    model, x = trained(request.param), samples(64, 1)[0]
    with torch.no_grad():
        return request.param, model, x, model(x)


def levels_at(snn: SpikingNetwork, site: str) -> int:
    """As many spikes as the ANN has levels."""
    plan = snn.plan.sites[site]
    assert plan.threshold is not None
    return round(float(plan.threshold / snn.ann.get_submodule(site).levels.step))  # type: ignore[union-attr,operator]


def test_its_own_levels_are_sent_and_nothing_else(network: tuple[str, nn.Sequential, Tensor, Tensor]) -> None:
    """At every T, from the default method; the same from a file."""
    name, model, x, wanted = network
    report = snnconv.inspect(model, data=[x])
    assert all(entry.operation.startswith(TRAINED[name][1]) for entry in report.entries)
    snn = snnconv.convert(model, 1, data=[x])
    assert list(snn.sites) == ["1.levels", "3.levels"]
    assert all(isinstance(neuron, Tracking) for neuron in snn.sites.values())
    means = snn.run(x, 7).logits
    torch.testing.assert_close(means, wanted.expand_as(means), rtol=1e-5, atol=1e-5)
    file = io.BytesIO()
    save_network(snn, file)
    file.seek(0)
    again = load_network(file)
    assert list(again.sites) == list(snn.sites)
    assert torch.equal(again(x), snn(x))


def test_a_burst_of_as_many_spikes_is_the_same_function(network: tuple[str, nn.Sequential, Tensor, Tensor]) -> None:
    """α = 1/L, β = L, T = 1 of the published SDM, λ from the levels."""
    _, model, x, wanted = network
    most = [levels_at(snnconv.convert(model, 1, data=[x], method="sdm"), site) for site in ("1.levels", "3.levels")]
    snn = snnconv.convert(model, 1, data=[x], method="sdm", alpha=1 / most[0], beta=most[0])
    if most[0] == most[1]:
        torch.testing.assert_close(snn(x), wanted, rtol=1e-5, atol=1e-5)
    else:  # without an end, each site has as many as calibration saw: the first layer is exact
        first = snn.run(x, 1, state=None)
        assert first.spikes["1.levels"].sum() == (snn.ann.get_submodule("1.levels")(model[0](x)) * 4).sum()


def test_verify_holds(network: tuple[str, nn.Sequential, Tensor, Tensor]) -> None:
    _, model, x, _ = network
    result = verify(model, data=[x], T=16, samples=8)
    assert result.held, result.verdict
    assert result.snn_error[16] < 1e-5


@pytest.mark.parametrize(("method", "held"), [("if", False), ("mt", False), ("burst", True), ("dcgs", True)])
def test_verify_fails_on_levels_that_are_not_the_anns(method: str, held: bool) -> None:
    """And the conversion says so: the method, the sites and what to do."""
    model, x = trained("qcfs"), samples(8, 1)[0]
    result = verify(model, data=[x], T=4, samples=8, method=method)
    (check,) = [check for check in result.checks if check.name == "levels"]
    assert check.held == held
    assert held or "1.levels" in check.got
    notices = snnconv.convert(model, 4, data=[x], method=method).plan.notices
    told = [notice for notice in notices if f"levels of {method}" in notice]
    assert bool(told) != held
    assert held or all(words in told[0] for words in ("1.levels", "method='sdm' with alpha=1/4, beta=4", "'auto'"))


def test_qcfs_runs_as_published() -> None:
    """Integrate-and-fire neurons of θ = λ and v(0) = θ/2: the reference's own curve at every T."""
    model, x = trained("qcfs"), samples(12, 2)[0]
    snn = snnconv.convert(model, LEVELS, method="qcfs", input_shape=(8,))
    assert snn.plan.settings["calibration"] == "learned"
    ceilings = [model[number].up.detach().double().numpy() for number in (1, 3)]  # type: ignore[union-attr]
    weights = [model[number].state_dict() for number in (0, 2, 4)]
    linear = [ref.Linear(*(w[key].double().numpy() for key in ("weight", "bias"))) for w in weights]
    spiking = [ref.Spiking(name, "integrate_fire", ceiling, {"v0": 0.5}) for name, ceiling in zip(snn.sites, ceilings)]
    parts = [linear[0], spiking[0], linear[1], spiking[1], linear[2]]
    means, _ = ref.simulate(parts, x.double().numpy(), 2 * LEVELS)
    np.testing.assert_allclose(snn.run(x, 2 * LEVELS).logits.double().numpy(), means, rtol=1e-4, atol=1e-4)
    single = snn.run(x, LEVELS)  # of constant input, the first layer: L steps are the L levels
    with torch.no_grad():
        levels = model[1](model[0](x)) / model[1].up * LEVELS  # type: ignore[operator]
    assert single.spikes["1.levels"].sum() == levels.round().sum()


# {spelling: [function, what inspect says]}; none of them trained.
SPELLINGS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "QCFS": (lambda x: torch.floor(torch.clamp(x / 2, 0, 1) * 8 + 0.5) / 8 * 2, "8 levels up to 2"),
    "QCFS without a half": (lambda x: torch.floor(torch.clamp(x / 2, 0, 1) * 8) / 8 * 2, "8 levels up to 2"),
    "PACT": (lambda x: torch.round(0.5 * (x.abs() - (x - 3).abs() + 3) * 5) / 5, "15 levels up to 3"),
    "DoReFa": (lambda x: torch.round(x.clamp(0, 1) * 15) / 15, "15 levels up to 1"),
    "whole numbers": (lambda x: torch.round(torch.clamp(4 * x, 0, 15)), "15 levels up to 15"),
    "integers": (lambda x: (F.relu(x) * 4).int().float() / 4, "levels of 0.25"),
    "floor division": (lambda x: F.relu(x) // 0.25 * 0.25, "levels of 0.25"),
    "a ReLU6 in 255": (lambda x: torch.round(F.relu6(x) * (255 / 6)) * (6 / 255), "255 levels up to 6"),
    "detach": (lambda x: F.relu(x) + (torch.round(F.relu(x) * 8) / 8 - F.relu(x)).detach(), "levels of 0.125"),
    "masks": (lambda x: 0.5 * (x > 0.25).float() + 0.5 * (x > 0.75).float(), "2 levels up to 1"),
    "signed": (lambda x: torch.clamp(torch.round(x / 0.1), -8, 7) * 0.1, "levels of 0.1 from -0.8 to 0.7"),
    "signed, no end": (lambda x: torch.round(x * 4) / 4, "levels of 0.25"),
    "fake_quantize": (
        lambda x: torch.fake_quantize_per_tensor_affine(F.relu(x), 0.1, 0, 0, 15),
        "15 levels up to 1.5",
    ),
    "fake_quantize of a tensor, signed": (
        lambda x: torch.fake_quantize_per_tensor_affine(x, torch.tensor(0.1), torch.tensor(0), -8, 7),
        "levels of 0.1 from -0.8 to 0.7",
    ),
    "fake_quantize with a zero point": (
        lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 3, 0, 15),
        "levels of 0.1 from -0.3 to 1.2",
    ),
    "fake_quantize of each channel": (
        lambda x: torch.fake_quantize_per_channel_affine(
            F.relu(x), torch.tensor([0.1, 0.2, 0.4]), torch.zeros(3, dtype=torch.int32), 1, 0, 7
        ),
        "7 levels up to 0.7…2.8",
    ),
    "a level of each channel": (
        lambda x: torch.round(torch.clamp(x / torch.tensor([1.0, 2.0, 4.0]), 0, 1) * 5) / 5 * torch.tensor([1.0, 2, 4]),
        "5 levels up to 1…4",
    ),
}


class Net(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.a, self.b, self.c, self.function = nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2), function
        nn.init.uniform_(self.a.weight, 0, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.function(self.b(self.function(self.a(x)))))


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_has_its_levels_and_comes_out_exactly(name: str) -> None:
    function, shown = SPELLINGS[name]
    model, x = Net(function).eval(), torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    sites = [canonical.get_submodule(path) for path in activation_sites(canonical)]
    assert [str(site.levels) for site in sites] == [shown, shown]
    with torch.no_grad():
        torch.testing.assert_close(canonical(x), model(x), rtol=1e-6, atol=1e-6)
    snn = snnconv.convert(model, 1, data=[x])
    means, wanted = snn.run(x, 3).logits, model(x).detach()
    torch.testing.assert_close(means, wanted.expand_as(means), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_neurons_of_a_published_method_start_as_the_ann_rounds(offset: float) -> None:
    """With L steps of constant input an integrate-and-fire neuron gives ⌊Lx/λ + offset⌋."""

    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 9), nn.Linear(9, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(torch.floor(torch.clamp(self.a(x) / 1.5, 0, 1) * 8 + offset) * (1.5 / 8))

    torch.manual_seed(0)
    model, x = One().eval(), 2 * torch.randn(32, 4)
    snn = snnconv.convert(model, 8, data=[x], method="if")
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=1e-5, atol=1e-5)


def test_gradients_go_through_the_levels() -> None:
    """Thresholds before a quantised activation are weighed by its slope without steps, as in training."""

    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.c(torch.round(F.relu(self.b(F.relu(self.a(x)))) * 8) / 8)

    torch.manual_seed(0)
    model, x = Mixed().eval(), torch.randn(64, 4)
    snn = snnconv.convert(model, 4, data=[x])
    with torch.no_grad():
        largest = float(model.a(x).max())
    assert float(snn.sites["relu"].theta.max()) < largest / 8


def test_what_takes_unequal_steps_has_no_levels() -> None:
    model = Net(lambda x: torch.where(x > 1, 2.0, torch.where(x > 0, 0.5, 0.0))).eval()
    canonical = canonicalise(raised_from(model, torch.randn(2, 4)))
    sites = [canonical.get_submodule(path) for path in activation_sites(canonical)]
    assert [(site.levels, site.jumps) for site in sites] == [(None, True)] * 2


class Both(nn.Module):
    """Levels, a ReLU by mask and a GELU spelled out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c, self.d = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.floor(torch.clamp(self.a(x) / 2, 0, 1) * 8 + 0.5) / 8 * 2
        x = self.b(x)
        x = self.c(x * (x > 0))
        return self.d(0.5 * x * (1 + torch.erf(x / 2**0.5)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_converts_them(method: str) -> None:
    model, x = Both().eval(), torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    snn = snnconv.convert(model, 32, data=[x], method=method)
    assert list(snn.sites) == ["levels", "relu", "gelu"]
    with torch.no_grad():
        wanted = model(x)
        assert (snn(x) - wanted).norm() < 0.25 * wanted.norm()
    file = io.BytesIO()
    save_network(snn, file)
    file.seek(0)
    again = load_network(file)
    assert list(again.sites) == list(snn.sites)
    assert torch.equal(again(x[:2]), snn(x[:2]))
