"""`verify` fails on every network that was broken on purpose: a weight, a quantum, a pass, a neuron, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from snnconv import convert
from snnconv.convert import build as building
from snnconv.convert import canonical as canonicalising
from snnconv.convert.passes import batchnorm, scales, spike
from snnconv.graph.graphs import graph_pass, module_calls
from snnconv.neurons import Neuron, RunningMean, RunningSum, ScalableDualThreshold, Scale, Tracking
from snnconv.neurons.sd import SDState
from snnconv.verification import Verification, verify
from snnconv.verification.exact import exact_check

from ..networks import spread_norms

SHAPE = (3, 8, 8)
Break = Callable[[pytest.MonkeyPatch], None]


class Mixed(nn.Module):
    """BatchNorm, max pooling between neurons, a residual add of two quanta, a concatenation, a tracked activation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.body, self.second = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(12, 8, 3, padding=1)
        self.pool, self.gate, self.head = nn.MaxPool2d(2), nn.Linear(8, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.norm(self.stem(x))))
        y = F.relu(self.body(x))
        z = F.relu(self.second(torch.cat([x, x + y], 1))).mean((2, 3))
        return self.head(F.silu(self.gate(z)) * z)


def model() -> nn.Module:
    torch.manual_seed(3)
    return spread_norms(Mixed())


@pytest.fixture(scope="module")
def converted() -> dict[str, Any]:
    """{method: the network converted by it}, as they are asked for."""
    return {}


def failing(result: Verification) -> list[str]:
    return [check.name for check in result.checks if not check.held]


def after_building(monkeypatch: pytest.MonkeyPatch, change: Callable[[fx.GraphModule], None]) -> None:
    """Change the spiking network behind the last pass, wherever it is built: converted and loaded alike."""
    right = building.fuse_residual_adds

    def wrong(graph_module: fx.GraphModule) -> fx.GraphModule:
        made = right(graph_module)
        with torch.no_grad():
            change(made)
        return made

    monkeypatch.setattr(building, "fuse_residual_adds", wrong)


def scaled(name: str, factor: float, part: str = "weight") -> Break:
    return lambda patch: after_building(patch, lambda net: getattr(net.get_submodule(name), part).mul_(factor))


def shifted(name: str, by: float) -> Break:
    return lambda patch: after_building(patch, lambda net: net.get_submodule(name).bias.add_(by))  # type: ignore


def other_quantum(factor: float, kind: type[Neuron]) -> Break:
    """θ of the first neuron of a kind, not of what reads it."""

    def change(network: fx.GraphModule) -> None:
        next(module for module in network.modules() if isinstance(module, kind)).theta.mul_(factor)

    return lambda patch: after_building(patch, change)


def other_scale(factor: float) -> Break:
    """The explicit quantum at the residual add."""

    def change(network: fx.GraphModule) -> None:
        next(module for module in network.modules() if isinstance(module, Scale)).factor.mul_(factor)

    return lambda patch: after_building(patch, change)


def one_quantum_for_two(patch: pytest.MonkeyPatch) -> None:
    def change(network: fx.GraphModule) -> None:
        first, *others = [module for module in network.modules() if isinstance(module, Scale)]
        assert others
        for scale in others:
            scale.factor.copy_(first.factor)

    after_building(patch, change)


def raw(kind: type[RunningSum] | type[RunningMean]) -> Break:
    """What follows means is taken of the spikes of each step."""

    def change(network: fx.GraphModule) -> None:
        for _, module in module_calls(network, kind):
            assert isinstance(module, kind)
            module.step = lambda x, state, inner=module.function: (  # type: ignore
                inner(*x) if isinstance(x, tuple) else inner(x), state
            )  # fmt: skip

    return lambda patch: after_building(patch, change)


def absorbing(factor: float) -> Break:
    """Layers take in another quantum than they are given."""
    right = scales.absorb
    return lambda patch: patch.setattr(scales, "absorb", lambda layer, theta: right(layer, factor * theta))


def first_part_for_all(patch: pytest.MonkeyPatch) -> None:
    """A concatenation that takes the quantum of its first part for all of them."""

    def wrong(graph_module: fx.GraphModule, user: fx.Node) -> Tensor:
        return scales.factor_of(graph_module, user.all_input_nodes[0])

    patch.setattr(scales, "joined_factor", wrong)


def lost_quantum(patch: pytest.MonkeyPatch) -> None:
    """Pooling forgets the factor of its input."""
    patch.setattr(scales, "passed_factor", lambda graph, user, factor: torch.ones_like(factor))


def no_shift(patch: pytest.MonkeyPatch) -> None:
    """BatchNorm folded without its shift β."""
    right = batchnorm.fold

    def wrong(layer: nn.Module, norm: Any) -> nn.Module:
        folded = right(layer, norm)
        folded.bias = nn.Parameter(folded.bias.detach() - norm.bias.detach())  # type: ignore
        return folded

    patch.setattr(batchnorm, "fold", wrong)


def no_epsilon(patch: pytest.MonkeyPatch) -> None:
    """BatchNorm folded with another ε."""
    right = batchnorm.fold

    def wrong(layer: nn.Module, norm: Any) -> nn.Module:
        norm.eps = 1e-2
        return right(layer, norm)

    patch.setattr(batchnorm, "fold", wrong)


def no_norm(patch: pytest.MonkeyPatch) -> None:
    """BatchNorm is left out."""

    @graph_pass
    def wrong(graph_module: fx.GraphModule) -> fx.GraphModule:
        for node, _ in module_calls(graph_module, nn.BatchNorm2d):
            node.replace_all_uses_with(node.args[0])  # type: ignore
        return graph_module

    patch.setattr(canonicalising, "fold_batchnorm", wrong)


def stepping(change: Callable[[Tensor, Tensor, SDState, Tensor], tuple[Tensor, SDState]]) -> Break:
    """SD neurons whose step is another: `change(current, spikes, state, θ)`."""
    right = ScalableDualThreshold.step

    def wrong(self: ScalableDualThreshold, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        spikes, after = right(self, x, state)
        return change(x, spikes, after, self.per_unit(x))

    return lambda patch: patch.setattr(ScalableDualThreshold, "step", wrong)


def other_function(patch: pytest.MonkeyPatch) -> None:
    """The tracking neuron follows another activation than the ANN's."""
    patch.setattr(Tracking, "follow", lambda self, function: setattr(self, "function", nn.GELU()))


def lost_range(factor: float) -> Break:
    """Thresholds that are smaller than the largest activation."""
    right = spike.NEURONS["sd"]

    class Short(right):
        def __init__(self, threshold: Tensor | float, **options: Any) -> None:
            super().__init__(torch.as_tensor(threshold) * factor, **options)

    return lambda patch: patch.setitem(spike.NEURONS._entries, "sd", Short)  # type: ignore[attr-defined]


DEFECTS: dict[str, tuple[Break, str]] = {
    **{f"{name} x {factor}": (scaled(name, factor), "exact")
       for name, factor in [("body", 0.85), ("body", 0.95), ("second", 1.05), ("second", 1.3), ("head", 1.001)]},
    "a weight of the first layer": (scaled("stem", 0.85), "exact"),
    "a bias x 1.3": (scaled("second", 1.3, "bias"), "exact"),
    "no bias": (scaled("body", 0.0, "bias"), "exact"),
    "a bias + 0.01": (shifted("second", 0.01), "exact"),
    "a quantum x 0.85": (other_quantum(0.85, ScalableDualThreshold), "exact"),
    "a quantum x 1.3": (other_quantum(1.3, ScalableDualThreshold), "exact"),
    "a tracking quantum x 1.05": (other_quantum(1.05, Tracking), "exact"),
    "a residual scale x 0.85": (other_scale(0.85), "exact"),
    "a residual scale x 1.15": (other_scale(1.15), "exact"),
    "one quantum for two": (one_quantum_for_two, "exact"),
    "folded x 0.9": (absorbing(0.9), "exact"),
    "folded x 1.1": (absorbing(1.1), "exact"),
    "the quantum of the first part": (first_part_for_all, "exact"),
    "a quantum lost in pooling": (lost_quantum, "exact"),
    "another activation": (other_function, "exact"),
    "maxima of raw spikes": (raw(RunningSum), "steps"),
    "no shift of BatchNorm": (no_shift, "canonical"),
    "another epsilon": (no_epsilon, "canonical"),
    "no BatchNorm": (no_norm, "canonical"),
    "thresholds x 0.8": (lost_range(0.8), "range"),
    "a leak": (stepping(lambda x, s, state, theta: (s, state._replace(v=0.95 * state.v))), "convergence"),
    "a hard reset": (
        stepping(lambda x, s, state, theta: (s, state._replace(v=torch.where(s > 0, theta / 2, state.v)))),
        "convergence",
    ),
    "a spike worth less": (stepping(lambda x, s, state, theta: (s, state._replace(v=state.v + 0.05 * s * theta))),
                           "convergence"),
    "a spike worth more": (stepping(lambda x, s, state, theta: (s, state._replace(v=state.v - 0.05 * s * theta))),
                           "convergence"),
    "a current too many": (stepping(lambda x, s, state, theta: (s, state._replace(v=state.v + 0.1 * theta))),
                           "convergence"),
    "half of the input": (stepping(lambda x, s, state, theta: (s, state._replace(v=state.v - 0.5 * x))), "convergence"),
}  # fmt: skip


def test_it_holds_as_it_is() -> None:
    result = verify(model(), input_shape=SHAPE)
    assert failing(result) == []
    assert len(result.sites) == 4


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, check = DEFECTS[name]
    change(monkeypatch)
    result = verify(model(), input_shape=SHAPE)
    assert check in failing(result), result.checks


def test_products_of_raw_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fine spikes come so evenly that their product is nearly that of the means: single spikes show it."""
    raw(RunningMean)(monkeypatch)
    assert "steps" in failing(verify(model(), input_shape=SHAPE, method="if"))


@pytest.mark.parametrize("factor", [0.85, 0.9, 0.95, 1.05, 1.15, 1.3])
@pytest.mark.parametrize("method", ["auto", "if", "snnc-light"])
def test_a_converted_network_with_another_weight(method: str, factor: float, converted: dict[str, Any]) -> None:
    """Whatever its own settings, and where no source model is at hand."""
    snn = converted.get(method) or converted.setdefault(method, convert(model(), 4, input_shape=SHAPE, method=method))
    weight = snn.network.get_submodule("second").weight
    assert isinstance(weight, Tensor)
    with torch.no_grad():
        weight.mul_(factor)
    arguments = (torch.randn(4, *SHAPE),)
    wrong = exact_check(snn, arguments, 0.0)
    with torch.no_grad():
        weight.div_(factor)
    assert not wrong.held
    assert "from the input of relu#3 on" in wrong.got
    assert exact_check(snn, arguments, 0.0).held
