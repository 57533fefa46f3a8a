"""The scalable dual-threshold neuron: the paper's figure, the naive reference, and what is promised of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from snnconv.errors import InputError
from snnconv.neurons import ScalableDualThreshold
from snnconv.neurons.sd import SDState

from .. import reference as ref
from .scan import scan

# Fig. 2 of the paper (θ = 1, α = β = 1, v(0) = 0), with the sixth step of zero input that its claim needs.
FIGURE_2 = {
    "b": ([2, -2, 2, -2, 2], [1, -1, 1, -1, 1], 1),
    "c": ([2, 2, 2, -2, -2], [1, 1, 1, 1, -1], -1),
    "d": ([-2, -2, 2, 2, 2], [0, 0, 0, 0, 1], 1),
}


@pytest.mark.parametrize("case", FIGURE_2)
def test_figure_2(case: str) -> None:
    current, expected, sixth = FIGURE_2[case]
    neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=1, v0=0.0)
    spikes, state = scan(neuron, torch.tensor([*current, 0.0])[:, None])
    assert spikes[:, 0].tolist() == [*expected, sixth]
    if case in "cd":
        assert spikes.sum() == 2, "the ideal is 2 spikes, the integral of the input"
    assert float(state.fired) == spikes.sum()


@pytest.mark.parametrize("gate", ["memory", "input"])
@pytest.mark.parametrize("retract", ["threshold", "zero"])
@pytest.mark.parametrize(("beta", "down_limit"), [(1, 0), (1, 1), (3, 0), (3, 1), (3, 2), (3, 3)])
def test_agrees_with_the_equations(gate: str, retract: str, beta: int, down_limit: int) -> None:
    generator = torch.Generator().manual_seed(beta + 7 * down_limit)
    current = torch.randint(-24, 28, (40, 16), generator=generator) / 8.0
    neuron = ScalableDualThreshold(4.0, alpha=0.25, beta=beta, down_limit=down_limit, gate=gate, retract=retract)  # type: ignore[arg-type]
    ours, state = scan(neuron, current)
    cells = [ref.SD(1.0, beta, down_limit, gate, retract) for _ in range(16)]
    theirs = np.array([[cell.fire(float(i)) for cell, i in zip(cells, row)] for row in current])
    np.testing.assert_array_equal(ours.numpy(), theirs)
    np.testing.assert_array_equal(state.v.numpy(), [cell.v for cell in cells])
    np.testing.assert_array_equal(state.fired.numpy(), [cell.fired for cell in cells])


@pytest.mark.parametrize("m", [1, 2, 4, 8])
def test_without_negative_spikes_it_is_the_group_neuron(m: int) -> None:
    """Lyu et al.: members at kθ/m, k = 1…m, share one potential; each that is reached takes θ/m away."""
    generator = np.random.default_rng(m)
    current = generator.integers(-16, 32, (30, 50)) / 16
    v = np.full(50, 1 / (2 * m))
    expected = np.zeros_like(current)
    for t, row in enumerate(current):
        v = v + row
        expected[t] = sum((v >= k / m).astype(int) for k in range(1, m + 1))
        v = v - expected[t] / m
    neuron = ScalableDualThreshold(1.0, alpha=1 / m, beta=m, down_limit=0)
    spikes, _ = scan(neuron, torch.tensor(current, dtype=torch.float32))
    np.testing.assert_array_equal(spikes.numpy(), expected)


def test_memory_gate_never_gives_back_more_than_was_fired() -> None:
    current = torch.randn(60, 200) - 0.3
    for retract, down in itertools.product(("threshold", "zero"), (1, 2, 3)):
        neuron = ScalableDualThreshold(1.0, alpha=0.5, beta=3, down_limit=down, retract=retract)  # type: ignore[arg-type]
        spikes, _ = scan(neuron, current)
        assert (spikes < 0).any()
        assert bool((spikes.cumsum(0) >= 0).all())


def test_input_gate_opens_on_the_integral_of_the_input() -> None:
    """−2 then +0.5 …: nothing was taken in, so nothing may be given back; after +3 the integral is positive."""
    neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=1, gate="input", v0=0.0)
    spikes, state = scan(neuron, torch.tensor([-2.0, 0.5, 3.0, -1.0, -1.0])[:, None])
    assert spikes[:, 0].tolist() == [0, 0, 1, 0, 0]
    assert float(state.drive) == -0.5


def test_retract_zero_follows_the_rounded_integral() -> None:
    """O = ⌊(Σ I + v0)/θ⌋ at every step where neither β nor 0 limits it."""
    current = torch.randint(-3, 6, (30, 40)) / 8.0
    total = current.cumsum(0) + 0.5
    neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=5, down_limit=5, retract="zero")
    spikes, _ = scan(neuron, current)
    within = bool((total.amin(0) >= 0).any())
    assert within
    kept = total.amin(0) >= 0
    assert torch.equal(spikes.cumsum(0)[:, kept], total.floor()[:, kept])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 0.0), ("alpha", 1.5), ("alpha", -0.5), ("beta", 0), ("beta", 1.5),
        ("down_limit", -1), ("down_limit", 3), ("gate", "output"), ("retract", "never"),
    ],
)  # fmt: skip
def test_options_out_of_range(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{name} is out of range") as caught:
        ScalableDualThreshold(1.0, **{name: value})  # type: ignore[arg-type]
    assert repr(value) in str(caught.value)


def test_state_counts_whole_spikes() -> None:
    """A sum of ±θ drifts (0.1 added 1000 times is not 100), a count of spikes does not."""
    neuron = ScalableDualThreshold(0.1, alpha=1.0, beta=2)
    _, state = scan(neuron, torch.full((1000, 1), 0.1))
    assert isinstance(state, SDState)
    assert float(state.fired) == round(float(state.fired))
    assert abs(float(state.fired) - 1000) <= 1
