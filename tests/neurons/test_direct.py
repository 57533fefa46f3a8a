"""Neurons for direct training: their rule against plain numbers, and their gradients against finite differences.

A step function has no slope to difference. So its forward is replaced by the smooth step whose slope the surrogate is:
then what autograd gives has to be what finite differences give, through time, reset and learned time constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from snnconv import InputError
from snnconv.neurons import DIRECT, LIF, PLIF, direct
from snnconv.neurons.surrogate import SURROGATES, SurrogateName, fire
from tests.neurons.scan import scan

RESETS = ("hard", "soft")
T = 6


@pytest.fixture
def smooth(monkeypatch: pytest.MonkeyPatch) -> None:
    def smoothly(x: Tensor, surrogate: SurrogateName, alpha: float | None) -> Tensor:
        assert alpha is not None
        return SURROGATES[surrogate].smooth(x, alpha)

    monkeypatch.setattr(direct, "fire", smoothly)


def naive(currents: list[float], tau: float, threshold: float, reset: str) -> list[int]:
    """One neuron, one number at a time."""
    v, spikes = 0.0, []
    for current in currents:
        m = v + (current - v) / tau
        spikes.append(1 if m >= threshold else 0)
        v = (0.0 if spikes[-1] else m) if reset == "hard" else m - threshold * spikes[-1]
    return spikes


@pytest.mark.parametrize("name", list(DIRECT))
@pytest.mark.parametrize("reset", RESETS)
def test_spikes_are_those_of_the_rule(name: str, reset: Any) -> None:
    current = torch.randn(40, 3, 5, generator=torch.Generator().manual_seed(0)).double() * 2
    spikes, _ = scan(DIRECT[name](tau=1.7, threshold=0.8, reset=reset).double(), current)
    assert 0.1 < spikes.mean() < 0.9
    for place in range(15):
        own = current.flatten(1)[:, place].tolist()
        assert spikes.flatten(1)[:, place].tolist() == naive(own, 1.7, 0.8, reset)


def test_plif_is_lif_with_a_learned_time_constant() -> None:
    current = torch.randn(20, 2, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(scan(PLIF(tau=3.0), current)[0], scan(LIF(tau=3.0), current)[0])
    neuron = PLIF(tau=3.0)
    assert neuron.tau == pytest.approx(3)
    assert [name for name, _ in neuron.named_parameters()] == ["w"]
    assert neuron.w.numel() == 1
    with torch.no_grad():
        neuron.w += 100
    assert neuron.tau >= 1


def test_respike_rule() -> None:
    """v ← 0.25 v + 0.75 x is τ = 4/3."""
    x = torch.tensor([0.9, 1.2])
    _, state = LIF(tau=4 / 3, threshold=10.0).step(x, LIF().begin(x[None])._replace(v=torch.tensor([0.4, -1.0])))
    torch.testing.assert_close(state.v, 0.25 * torch.tensor([0.4, -1.0]) + 0.75 * x)


@pytest.mark.parametrize("name", list(DIRECT))
def test_chunks_of_any_length_give_the_same(name: str) -> None:
    current = torch.randn(T, 3, 4, generator=torch.Generator().manual_seed(2)) + 1
    neuron = DIRECT[name]()
    whole, last = neuron(current.flatten(0, 1), None, T)
    state, parts = None, []
    for start, steps in ((0, 1), (1, 3), (4, 2)):
        spikes, state = neuron(current[start : start + steps].flatten(0, 1), state, steps)
        parts.append(spikes)
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(state.v, last.v)
    constant, _ = neuron(current[0], None, T, varying=False)
    assert torch.equal(constant, neuron(current[:1].expand(T, 3, 4).flatten(0, 1), None, T)[0])


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("alpha", [0.7, 3.0])
def test_slopes_are_those_of_the_smooth_steps(name: SurrogateName, alpha: float) -> None:
    kind = SURROGATES[name]
    x = torch.linspace(-3, 3, 401, dtype=torch.float64) + 1e-3
    difference = (kind.smooth(x + 1e-6, alpha) - kind.smooth(x - 1e-6, alpha)) / 2e-6
    edges = (x * alpha).abs().sub(0.5).abs() < 1e-5  # of the rectangle, where it jumps
    torch.testing.assert_close(kind.slope(x, alpha)[~edges], difference[~edges], atol=1e-7, rtol=1e-6)
    far = torch.tensor([-1e6, 1e6], dtype=torch.float64)
    torch.testing.assert_close(kind.smooth(far, alpha), torch.tensor([0.0, 1.0]).double(), atol=1e-5, rtol=0)
    spaced = torch.linspace(-200, 200, 400_001, dtype=torch.float64)
    area = torch.trapezoid(kind.slope(spaced, alpha), spaced)
    assert float(area) == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("name", SURROGATES)
def test_a_spike_passes_the_slope(name: SurrogateName) -> None:
    x = torch.tensor([-0.3, 0.0, 0.2], requires_grad=True)
    spikes = fire(x, name)
    assert spikes.tolist() == [0, 1, 1]
    (grad,) = torch.autograd.grad(spikes, x, torch.tensor([1.0, 2.0, 3.0]))
    slope = SURROGATES[name].slope(x.detach(), SURROGATES[name].alpha)
    torch.testing.assert_close(grad, torch.tensor([1.0, 2.0, 3.0]) * slope)


@pytest.mark.usefixtures("smooth")
@pytest.mark.parametrize("surrogate", ["atan", "sigmoid", "triangle"])  # the rectangle's corners are too sharp
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", list(DIRECT))
def test_gradients_through_time_are_finite_differences(name: str, reset: Any, surrogate: Any) -> None:
    neuron = DIRECT[name](reset=reset, surrogate=surrogate, detach=False, alpha=1.0).double()
    current = torch.randn(T * 2, 3, generator=torch.Generator().manual_seed(3)).double().requires_grad_()

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(neuron, dict(zip(names, parameters)), (x, None, T))[0]

    names = [key for key, _ in neuron.named_parameters()]
    assert torch.autograd.gradcheck(run, (current, *neuron.parameters()))


def test_a_detached_reset_passes_no_gradient() -> None:
    """With one spike for certain at the first step, a hard reset leaves nothing of it in the second."""
    grads = []
    for detach in (True, False):
        x = torch.tensor([[2.1], [0.5]], requires_grad=True)
        spikes, _ = LIF(tau=1.5, detach=detach)(x, None, 2)
        grads.append(torch.autograd.grad(spikes[1], x)[0][0].item())
    assert grads[0] == 0
    assert grads[1] != 0


def test_a_time_constant_is_learned() -> None:
    """One of 1.2 steps learns to fire at the times of a neuron of 4."""
    torch.manual_seed(0)
    neuron = PLIF(tau=1.2)
    current = torch.rand(30, 64) * 1.6
    wanted = LIF(tau=4.0)(current.flatten(), None, 30)[0]
    optimizer = torch.optim.Adam(neuron.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        (neuron(current.flatten(), None, 30)[0] - wanted).square().mean().backward()
        optimizer.step()
    assert neuron.tau == pytest.approx(4, abs=1.0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: LIF(tau=0.5), "τ ≥ 1"),
        (lambda: PLIF(tau=1.0), "τ > 1"),
        (lambda: LIF(tau=math.nan), "τ ≥ 1"),
        (lambda: LIF(reset="none"), "hard or soft"),  # pyright: ignore[reportArgumentType]
        (lambda: PLIF(surrogate="arctan"), "atan, sigmoid"),
        (lambda: fire(torch.zeros(1), "arctan"), "atan, sigmoid"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_bad_settings_are_one_error(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()
