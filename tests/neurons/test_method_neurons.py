"""The neurons of single methods, one by one against the naive reference, and what is promised of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from snnconv.errors import InputError
from snnconv.neurons import (
    Accumulate,
    BinaryWeighted,
    CalibratedOffset,
    DifferentialMultiThreshold,
    IntegrateFire,
    LateralInhibition,
    ResidualPotential,
    RunningSum,
    SignedDigit,
)

from .. import reference_neurons as ref
from .scan import scan

STEPS, CELLS = 12, 200


def currents(seed: int, low: int = -12, high: int = 16) -> torch.Tensor:
    """Multiples of 1/16, which add up exactly."""
    return torch.randint(low, high, (STEPS, CELLS), generator=torch.Generator().manual_seed(seed)) / 16.0


@pytest.mark.parametrize("bits", [1, 2, 4, 6])
@pytest.mark.parametrize("kind", [BinaryWeighted, SignedDigit])
def test_thresholds_in_turn_are_one_whole_number(kind: type[BinaryWeighted], bits: int) -> None:
    current = currents(bits)
    ours, state = scan(kind(1.0, alpha=0.5, bits=bits), current)
    cells = [ref.MultiThreshold(2.0**-bits, bits) for _ in range(CELLS)]
    theirs = np.array([[cell.fire(float(i)) for cell, i in zip(cells, row)] for row in current])
    np.testing.assert_array_equal(ours.numpy(), theirs)
    np.testing.assert_array_equal(state.v.numpy(), [cell.v for cell in cells])
    assert ours.max() >= 0.9 * (2**bits - 1)


@pytest.mark.parametrize("down", [1, None])
@pytest.mark.parametrize("cost", [0.0, 0.25, 0.75])
@pytest.mark.parametrize("bits", [1, 3, 5])
def test_a_digit_is_sent_where_it_is_worth_its_cost(bits: int, cost: float, down: int | None) -> None:
    """Costs of multiples of 1/4 in θ² keep all sums exact: borders fall on currents, where the larger k is sent."""
    current, limit = currents(bits, -30, 40), 2**bits - 1 if down is None else down
    options: dict[str, Any] = {"down_limit": limit, "retract": "zero", "cost": cost}
    ours, state = scan(SignedDigit(1.0, alpha=0.5, bits=bits, **options), current)
    cells = [ref.SignedDigits(2.0**-bits, bits, **options) for _ in range(CELLS)]
    theirs = np.array([[cell.fire(float(i)) for cell, i in zip(cells, row)] for row in current])
    np.testing.assert_array_equal(ours.numpy(), theirs)
    np.testing.assert_array_equal(state.v.numpy(), [cell.v for cell in cells])
    assert ours.min() < 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"cost": 1.0, "retract": "zero"}, "cost is out of range"), ({"cost": 0.5}, "a cost needs negative spikes")],
)
def test_costs_that_make_no_sense(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        SignedDigit(1.0, **options)


def test_strict_neurons_do_not_fire_at_the_threshold() -> None:
    current = torch.tensor([[0.5], [0.25], [0.25], [1.0]])
    at, above = (scan(IntegrateFire(1.0, strict=strict), current)[0][:, 0].tolist() for strict in (False, True))
    assert (at, above) == ([1, 0, 0, 1], [0, 1, 0, 1])


@pytest.mark.parametrize("tau", [0, 1, 4])
def test_srp(tau: int) -> None:
    current = currents(10 + tau)
    ours, _ = scan(ResidualPotential(0.5, tau=tau), current)
    cells = [ref.SRP(0.5, tau) for _ in range(CELLS)]
    theirs = np.array([[cell.fire(float(i)) for cell, i in zip(cells, row)] for row in current])
    np.testing.assert_array_equal(ours.numpy(), theirs)
    if tau:
        plain, _ = scan(IntegrateFire(0.5), current[tau:])
        silenced = (ours[tau:] == 0).all(0) & (plain > 0).any(0)
        assert bool(silenced.any()), "no neuron was silenced: the comparison says nothing"


@pytest.mark.parametrize("rho", [3, 4, 8])
def test_cos(rho: int) -> None:
    """θ = ½: the shifts of 0.999 and 1.001 are rounded in float32, potentials at the threshold are not hit by them."""
    current = currents(20 + rho, -16, 24)
    neuron = CalibratedOffset(0.5, rho=rho)
    ours, _ = neuron(current.flatten(0, 1), None, STEPS)
    cells = [ref.COS(0.5, rho) for _ in range(CELLS)]
    for cell, column in zip(cells, current.T):
        cell.try_out([float(i) for i in column])
    theirs = np.array([[cell.fire(float(i)) for cell, i in zip(cells, row)] for row in current])
    np.testing.assert_array_equal(ours.unflatten(0, (STEPS, CELLS)).numpy(), theirs)
    starts = {round(cell.start / cell.theta - 0.5) for cell in cells}
    assert min(starts) < 0 < max(starts), "no neuron was shifted down, or none up"


def test_cos_corrects_offset_spikes() -> None:
    """Σ s is nearer to ⌊Σ I/θ + ½⌋, the ideal, for inputs that come unevenly."""
    generator = torch.Generator().manual_seed(0)
    current = torch.randn(8, 2000, generator=generator) * 2 + 0.4
    ideal = (current.sum(0) + 0.5).floor().clamp(0, 8)
    plain, _ = scan(IntegrateFire(1.0), current)
    neuron = CalibratedOffset(1.0, rho=8)
    spikes, _ = neuron(current.flatten(0, 1), None, 8)
    before = (plain.sum(0) - ideal).abs()
    after = (spikes.unflatten(0, (8, -1)).sum(0) - ideal).abs()
    assert after.mean() < 0.75 * before.mean()


def test_cos_sees_its_opening_at_once_whatever_is_constant() -> None:
    x = torch.rand(5) * 2
    once, _ = CalibratedOffset(1.0, rho=3)(x, None, 6, False)
    again, _ = CalibratedOffset(1.0, rho=3)(x.repeat(6), None, 6)
    assert torch.equal(once, again)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_differential(bits: int) -> None:
    """Fed with differences, as in the paper, the reference does what ours does with what these stand for."""
    rate = torch.randn(STEPS, CELLS, generator=torch.Generator().manual_seed(bits)).double() * 0.5 + 0.1
    steps = torch.arange(1, STEPS + 1)[:, None]
    means = rate.cumsum(0) / steps
    differences = rate - torch.cat([torch.zeros(1, CELLS), means[:-1]])
    ours, _ = scan(DifferentialMultiThreshold(1.0, bits=bits), rate.float())
    cells = [ref.DCGS(2.0 ** (1 - bits), bits) for _ in range(CELLS)]
    bias = np.linspace(-1, 1, CELLS)
    for cell, b in zip(cells, bias):
        cell.fire(b)
        cell.mean_in = 0.0  # the bias is in the rate already
    theirs = np.array([[cell.fire(float(i) + b) for cell, i, b in zip(cells, row, bias)] for row in differences])
    assert (theirs < 0).any()
    different = (ours.numpy() != theirs).any(0)  # a potential within rounding of ¾ of a threshold
    assert different.mean() <= 0.01


def test_what_differences_stand_for_is_never_negative() -> None:
    spikes, _ = scan(DifferentialMultiThreshold(1.0, bits=4), torch.randn(40, 500))
    means, _ = scan(Accumulate(), spikes)
    assert (spikes < 0).any()
    assert float(means.cumsum(0).min()) >= -0.01


def test_accumulated_means() -> None:
    """The mean of what comes out over t steps is Σ s(τ)/τ."""
    spikes = torch.randint(-3, 4, (10, 30)).float()
    out, _ = scan(Accumulate(), spikes)
    steps = torch.arange(1, 11)[:, None]
    torch.testing.assert_close(out.cumsum(0) / steps, (spikes / steps).cumsum(0))


def test_lateral_inhibition_is_pooling_of_running_sums_where_windows_do_not_overlap() -> None:
    spikes = torch.randint(-1, 3, (8, 2, 3, 6, 6)).float()
    pool = nn.MaxPool2d(2)
    inhibited, _ = scan(LateralInhibition(pool), spikes)
    running, _ = scan(RunningSum(pool), spikes)
    assert torch.equal(inhibited, running)


def test_lateral_inhibition_by_hand_where_windows_overlap() -> None:
    """Window 2, stride 1 on [a, b, c]: upsampling 2 outputs to 3 inputs by nearest neighbour takes 0, 0, 1."""
    pool = LateralInhibition(nn.MaxPool1d(2, 1))
    inputs = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 2.0]])[:, None, None]
    outputs, _ = scan(pool, inputs)
    # sums 1 0 0 → 1 0 → inhibited by 1 1 0: 0 −1 0;  then 0 0 2 → 0 2
    assert outputs[:, 0, 0].tolist() == [[1.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (BinaryWeighted, {"bits": 0}, "bits is out of range"),
        (BinaryWeighted, {"bits": 17}, "bits is out of range"),
        (BinaryWeighted, {"alpha": 0.0}, "alpha is out of range"),
        (DifferentialMultiThreshold, {"bits": 1.5}, "bits is out of range"),
        (DifferentialMultiThreshold, {"alpha": 2.0}, "alpha is out of range"),
        (ResidualPotential, {"tau": -1}, "tau is out of range"),
        (CalibratedOffset, {"rho": 0.5}, "rho is out of range"),
    ],
)
def test_options_out_of_range(kind: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        kind(1.0, **options)
