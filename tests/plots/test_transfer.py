"""The transfer function is that of the neurons' equations."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from snnconv.neurons import NEURONS, Neuron
from snnconv.neurons._response import mean_output
from snnconv.plots.transfer import plot_transfer, published_settings

from .made import texts


@pytest.mark.parametrize("T", [1, 4, 7])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1), (0.5, 1), (0.5, 2), (0.2, 5)])
def test_staircase(alpha: float, beta: int, T: int) -> None:
    """For constant input a neuron with v(0) = θ/2 fires clamp(⌊T·x/θ + ½⌋, 0, Tβ) times: it rounds to the nearest."""
    x = torch.linspace(-0.25, 1.5, 351, dtype=torch.float64)
    exact = T * x / alpha + 0.5
    x, exact = x[(exact - exact.round()).abs() > 1e-4], exact[(exact - exact.round()).abs() > 1e-4]  # off the edges
    expected = alpha * exact.floor().clamp(0, T * beta) / T
    options = {"alpha": alpha, "beta": beta} if beta > 1 or alpha < 1 else {"alpha": alpha}
    neuron = NEURONS["sd" if len(options) > 1 else "integrate_fire"](1.0, **options)
    assert torch.allclose(mean_output(neuron, x.float(), T).double(), expected, atol=1e-6)


def test_picture(tmp_path: Path) -> None:
    plot_transfer(tmp_path / "transfer.svg", T=8)
    written = texts(tmp_path / "transfer.svg")
    for text in (*published_settings(), "clip(x, 0, λ)", "T = 8 steps of constant input", "constant input (λ)"):
        assert text in written


def test_neurons_of_ones_own(tmp_path: Path) -> None:
    neurons: dict[str, Neuron] = {"mine": NEURONS["integrate_fire"](1.0)}
    plot_transfer(tmp_path / "transfer.svg", neurons)
    assert "mine" in texts(tmp_path / "transfer.svg")
    assert "IF" not in texts(tmp_path / "transfer.svg")
