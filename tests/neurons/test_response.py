"""What neurons make of a constant input, against counts by hand."""

from __future__ import annotations

import pytest
import torch

from snnconv.neurons import CalibratedOffset, DifferentialMultiThreshold, IntegrateFire, ResidualPotential, response


def given(neuron: torch.nn.Module, z: float, T: int, warm_up: int = 0) -> float:
    return float(response(neuron, torch.tensor([[z]]), T, warm_up))  # type: ignore[arg-type]


def test_offset_and_potential_are_the_neurons_own() -> None:
    """T = 4, z = ⅜: 1.5 and v(0). From 0 one spike, with ½ two, with an offset of ¼ more a step 2.5 + ½ = 3."""
    neuron = IntegrateFire(1.0, v0=0.0)
    assert given(neuron, 0.375, 4) == 0.25
    neuron.correct(potential=torch.tensor(0.5))
    assert given(neuron, 0.375, 4) == 0.5
    neuron.correct(offset=torch.tensor(0.25))
    assert given(neuron, 0.375, 4) == 0.75


def test_a_large_potential_fires_though_the_input_is_negative() -> None:
    """v(0) = 3, z = −½: potentials 2.5, 1, −½, −1: spikes in the first two steps, where ⌊Tz + v(0)⌋ is 1."""
    neuron = IntegrateFire(1.0)
    neuron.correct(potential=torch.tensor(3.0))
    assert given(neuron, -0.5, 4) == 0.5


def test_steps_of_warm_up_are_not_read() -> None:
    """z = ⅜ from ½: potentials ⅞, 1¼ fires, ⅝, 1 fires, ⅜, ¾, 1⅛ fires, ½."""
    assert given(IntegrateFire(1.0), 0.375, 2, 2) == 0.5
    assert given(IntegrateFire(1.0), 0.375, 3, 4) == pytest.approx(1 / 3)
    assert given(ResidualPotential(1.0, tau=4), 0.25, 2, 4) == 0.5  # v(τ) = ½; then ¾, 1 fires
    assert given(CalibratedOffset(1.0, rho=2), 0.375, 2, 2) == 0.5


def test_a_residual_of_nothing_silences() -> None:
    """SRP: −1/8 for four steps leaves v(τ) = 0, which is not a potential."""
    assert given(ResidualPotential(1.0, tau=4), -0.125, 4, 4) == 0.0


@pytest.mark.parametrize("T", [1, 2, 4])
def test_the_reach_of_differences(T: int) -> None:
    """An input far above the range makes the largest spike fire at every step: their mean is that of 1, 1/2, … 1/T."""
    neuron = DifferentialMultiThreshold(1.0, bits=2)
    assert given(neuron, 100.0, T) == pytest.approx(float(neuron.theta) * neuron.reach(T))
    assert neuron.reach(2) == 2 * 1.5
    assert given(IntegrateFire(1.0), 100.0, T) == IntegrateFire(1.0).reach(T) == 1.0
