"""What holds for every registered neuron: a golden spike train each, whole spikes, pure steps, float32 thresholds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from snnconv.neurons import NEURONS, Accumulate, Neuron

from .scan import scan

# θ = αλ = 1 and v(0) = ½; worked out by hand. It rises, gets more than one spike's worth, falls below 0, rises again.
TRAIN = [0.5, 0.25, 0.75, 1.5, 3.0, 0.0, 0.0, -2.0, -1.0, 0.0, 0.0, 2.0]
# Binary weights have two thresholds, 2 and 1. Differences start from v(0) = 0, as published.
GOLDEN = {
    "integrate_fire": [1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    "sd": [1, 0, 1, 1, 2, 1, 0, -1, -1, 0, 0, 1],
    "binary": [1, 0, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0],
    "signed": [1, 0, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0],
    "srp": [1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    "cos": [1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    "differential": [0, 1, 0, 1, 2, -1, -1, -2, -2, 0, -1, 2],
    "tracking": [0, 1, 1, 1, 2, 1, 0, -2, -1, 0, 0, 2],  # of the identity; halves go to the even number
}
ALPHA = 0.5
# Options that make θ = αλ and every step an ordinary one.
OPTIONS: dict[str, dict[str, Any]] = {
    "binary": {"bits": 2}, "signed": {"bits": 2}, "differential": {"bits": 2}, "srp": {"tau": 0},
    "cos": {"rho": 0}, "tracking": {"beta": 2},
}  # fmt: skip
neurons = pytest.mark.parametrize("name", list(NEURONS))


def make(name: str, threshold: Tensor | float = 2.0, **options: Any) -> Neuron:
    own = OPTIONS.get(name, {})
    coarser = 2.0 ** (own.get("bits", 1) - 1)  # λ of which the smallest threshold is θ
    return NEURONS[name](torch.as_tensor(threshold) * coarser, alpha=ALPHA, **{**own, **options})  # type: ignore[call-arg]


def decoded(name: str, spikes: Tensor) -> Tensor:
    """What the spikes stand for at each step, in quanta: themselves, unless they are differences."""
    return scan(Accumulate(), spikes)[0] if NEURONS[name].differential else spikes


def tensors(state: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(state) if isinstance(leaf, Tensor)]


@neurons
def test_golden_spike_train(name: str) -> None:
    spikes, _ = scan(make(name), torch.tensor(TRAIN)[:, None])
    assert spikes[:, 0].int().tolist() == GOLDEN[name]


@neurons
def test_spikes_are_whole_and_in_range(name: str) -> None:
    neuron = make(name)
    spikes, _ = scan(neuron, torch.randn(50, 100) * 2)
    assert torch.equal(spikes, spikes.round())
    assert spikes.max() == getattr(neuron, "beta", 1)
    assert spikes.min() == -getattr(neuron, "down_limit", 0)


@pytest.mark.parametrize("name", [name for name in NEURONS if NEURONS[name].integrates])
def test_spikes_and_potential_account_for_the_input(name: str) -> None:
    """Σ I + v(0) = θ Σ s + v: soft reset loses nothing."""
    neuron, current = make(name), torch.randint(-16, 24, (30, 20)) / 8.0
    start = neuron.begin(current).v.clone()
    spikes, state = scan(neuron, current)
    accounted = decoded(name, spikes).sum(0) * neuron.theta + state.v
    if NEURONS[name].differential:  # with thirds and fifths in it
        torch.testing.assert_close(current.sum(0) + start, accounted, rtol=1e-4, atol=1e-4)
    else:
        assert torch.equal(current.sum(0) + start, accounted)


@neurons
def test_step_depends_on_input_and_state_alone(name: str) -> None:
    """It may use up its state's memory, never its input's, and keeps nothing in the module."""
    neuron, x = make(name), torch.randn(3, 4)
    text, buffers = repr(neuron), {key: value.clone() for key, value in neuron.state_dict().items()}
    _, state = neuron.step(x, neuron.begin(x[None]))
    x_before, twin = x.clone(), pytree.tree_map_only(Tensor, torch.clone, state)
    first, after = neuron.step(x, state)
    assert torch.equal(x, x_before)
    second, again = neuron.step(x, twin)
    assert torch.equal(first, second)
    assert all(map(torch.equal, tensors(after), tensors(again)))
    assert repr(neuron) == text
    assert all(torch.equal(value, buffers[key]) for key, value in neuron.state_dict().items())


@neurons
@pytest.mark.parametrize("varying", [False, True])
def test_forward_is_the_scan(name: str, varying: bool) -> None:
    """[steps·B, …] time-major in and out, in one call or in two."""
    neuron = make(name, torch.tensor([1.0, 2.0, 4.0]))
    current = torch.randn(6, 2, 3, 4, 4) if varying else torch.randn(2, 3, 4, 4).expand(6, -1, -1, -1, -1)
    expected, _ = scan(neuron, current)
    folded = current.flatten(0, 1) if varying else current[0]
    whole, _ = neuron(folded, None, 6, varying)
    assert torch.equal(whole.unflatten(0, (6, 2)), expected)
    halves = (folded[:8], folded[8:]) if varying else (folded, folded)
    first, state = neuron(halves[0], None, 4, varying)
    second, _ = neuron(halves[1], state, 2, varying)
    assert torch.equal(torch.cat([first, second]), whole)


@neurons
@pytest.mark.parametrize("varying", [False, True])
def test_an_offset_that_changes_in_time(name: str, varying: bool) -> None:
    """Step t gets row min(t, T − 1), however the steps are cut into calls: here T = 4 of 7 steps, 3 channels."""
    plain, shifted = (make(name, torch.tensor([1.0, 2.0, 4.0])) for _ in range(2))
    offset = torch.randint(-8, 8, (4, 3, 1, 1)) / 8.0
    shifted.correct(offset=offset)
    inputs = torch.randint(0, 8, (7 if varying else 1, 2, 3, 2, 2)) / 8.0
    x = inputs.flatten(0, 1)
    rows = offset[[0, 1, 2, 3, 3, 3, 3]].unsqueeze(1)
    expected, _ = plain((inputs + rows).flatten(0, 1), None, 7)
    whole, _ = shifted(x, None, 7, varying)
    assert torch.equal(whole, expected)
    state, parts = None, []
    for cut in (slice(0, 3), slice(3, 5), slice(5, 7)):
        part = inputs[cut].flatten(0, 1) if varying else x
        spikes, state = shifted(part, state, cut.stop - cut.start, varying)
        parts.append(spikes)
    assert torch.equal(torch.cat(parts), expected)
    assert int(state.steps) == 7


def test_offsets_add_up() -> None:
    x = torch.zeros(2, 3, 4, 4)
    constant, timed, single = torch.tensor([1.0, 2.0, 3.0]), torch.rand(5, 3, 1, 1), torch.rand(3, 4, 4)
    for before, more in itertools.product((torch.tensor(0.5), constant, timed, single), repeat=2):
        neuron = make("sd")
        neuron.correct(offset=before)
        sums = [each.view(3, 1, 1) if each.dim() == 1 else each for each in (before, more)]
        expected = (sums[0] + sums[1]).broadcast_to(5, 3, 4, 4)
        neuron.correct(offset=neuron.offset_with(more, x))
        given, varying = neuron.driven(x, 0, 5, varying=False)
        steps = given.unflatten(0, (5, 2))[:, 0] if varying else given[0]
        torch.testing.assert_close(steps.broadcast_to(5, 3, 4, 4), expected)


@neurons
def test_threshold_per_channel(name: str) -> None:
    """Each channel does what a neuron with that one threshold does."""
    values, current = torch.tensor([1.0, 2.0, 8.0]), torch.rand(10, 2, 3, 2, 2) * 2
    together, _ = scan(make(name, values), current)
    for channel, value in enumerate(values.tolist()):
        alone, _ = scan(make(name, value), current[:, :, channel])
        assert torch.equal(together[:, :, channel], alone)


@neurons
def test_error_falls_with_time(name: str) -> None:
    """The mean of θ·s for constant input in range is within θ/2T: v(0) = θ/2 rounds to the nearest.

    The differential neuron starts at 0 and fires at ¾θ: within ¾θ/T.
    """
    options = {"retract": "zero"} if name == "sd" else {}
    neuron, bound = make(name, **options), 0.75 if NEURONS[name].differential else 0.5
    x = torch.linspace(0, 1, 97)  # θ = 1
    errors = []
    for steps in (1, 2, 4, 8, 16, 32):
        spikes, _ = scan(neuron, x.expand(steps, -1))
        errors.append(float((decoded(name, spikes).mean(0) - x).abs().max()))
        assert errors[-1] <= bound / steps + 1e-5
    assert errors == sorted(errors, reverse=True)


@neurons
def test_low_precision_input_keeps_float32_state(name: str) -> None:
    neuron = make(name, 0.6).to(torch.bfloat16)
    assert neuron.theta.dtype == torch.float32
    assert float(neuron.theta) == pytest.approx(0.3, abs=1e-7)
    x = torch.randn(2, 5, dtype=torch.bfloat16)
    spikes, state = neuron(x, None, 3, varying=False)
    assert spikes.dtype == torch.bfloat16
    assert {leaf.dtype for leaf in tensors(state)} == {torch.float32}
    exact, _ = neuron(x.float(), None, 3, varying=False)
    assert torch.equal(spikes.float(), exact)


@neurons
def test_prints_its_threshold(name: str) -> None:
    assert "theta=1" in repr(make(name))
    assert "theta=[3]" in repr(make(name, torch.ones(3)))
