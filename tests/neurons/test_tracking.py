"""The tracking neuron: its spikes follow any function of the mean input, from either side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from snnconv import InputError
from snnconv.neurons import Tracking
from snnconv.neurons.tracking import TrackingState, tracking_step

from .scan import scan

FUNCTIONS: dict[str, nn.Module] = {
    "silu": nn.SiLU(), "gelu": nn.GELU(), "tanh": nn.Tanh(), "leaky_relu": nn.LeakyReLU(0.3), "elu": nn.ELU(),
    "sigmoid": nn.Sigmoid(), "log_sigmoid": nn.LogSigmoid(),
}  # fmt: skip


def tracking(function: nn.Module, **options: Any) -> Tracking:
    neuron = Tracking(4.0, alpha=0.125, **options)  # θ = ½
    neuron.follow(function)
    return neuron


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_mean_output_follows_the_function_of_the_mean_input(name: str) -> None:
    """Within θ/2t at every step, where a step can make up for what changed: up, down and through 0."""
    neuron, x = tracking(FUNCTIONS[name], beta=40), torch.randn(30, 200) * 2
    spikes, _ = scan(neuron, x)
    steps = torch.arange(1, 31)[:, None]
    error = spikes.cumsum(0) * neuron.theta / steps - FUNCTIONS[name](x.cumsum(0) / steps)
    assert (error.abs() <= neuron.theta / (2 * steps) + 1e-5).all()
    assert spikes.min() < 0
    assert spikes.max() > 1


def test_a_limit_delays_and_is_made_up_for() -> None:
    """f = tanh, input 10 from the second step on, β = 1: θ = ½ needs 2 spikes a step for 1."""
    spikes, _ = scan(tracking(nn.Tanh(), beta=1), torch.full((6, 1), 10.0))
    assert spikes.flatten().tolist() == [1] * 6
    spikes, _ = scan(tracking(nn.Tanh(), beta=3), torch.tensor([0.0, 0.0, 60.0, 0.0, 0.0])[:, None])
    assert spikes.flatten().tolist() == [0, 0, 3, 3, 3]  # wanted: 0, 0, 6, 8, 10
    spikes, _ = scan(tracking(nn.Tanh(), beta=3), torch.tensor([1.0, -40.0, 0.0])[:, None])
    assert spikes.flatten().tolist() == [2, -3, -3]  # wanted: 1.52 → 2, −4, −6


def test_a_function_with_parameters_per_channel() -> None:
    prelu = nn.PReLU(3).requires_grad_(False)
    prelu.weight.copy_(torch.tensor([0.0, 0.5, 2.0]))
    x = torch.full((4, 1, 3, 2), -1.0)
    spikes, _ = scan(tracking(prelu, beta=9), x)
    assert (spikes.mean(0) * 0.5)[0, :, 0].tolist() == [0, -0.5, -2]


def test_pure_without_memory_and_equal_with_it() -> None:
    def step(x: Tensor, state: TrackingState, **out: Any) -> tuple[Tensor, TrackingState]:
        return tracking_step(x, state, torch.tensor(0.5), 3, F.silu, **out)

    state = Tracking(1.0).begin(torch.randn(1, 3, 4))
    reused = TrackingState(*(leaf.clone() for leaf in state))
    for _ in range(6):
        x = torch.randn(3, 4)
        before = [x.clone(), *(leaf.clone() for leaf in state)]
        spikes, after = step(x, state)
        assert all(map(torch.equal, [x, *state], before))
        in_place, reused = step(x, reused, out=reused)
        assert torch.equal(in_place, spikes)
        assert all(map(torch.equal, pytree.tree_leaves(reused), pytree.tree_leaves(after)))
        state = after


def test_the_ideal_output_is_limited_on_both_sides() -> None:
    z = torch.tensor([-9.0, -0.25, 0.0, 3.0, 9.0])
    assert tracking(nn.Identity(), beta=5).ideal(z, 7).tolist() == [-2.5, -0.25, 0.0, 2.5, 2.5]


@pytest.mark.parametrize(
    ("options", "text"),
    [({"alpha": 0}, "alpha"), ({"alpha": 1.5}, "alpha"), ({"beta": 0}, "beta"), ({"code": "morse"}, "code")],
)
def test_options_out_of_range(options: dict[str, Any], text: str) -> None:
    make: Callable[..., Tracking] = Tracking
    with pytest.raises(InputError, match=f"{text} is out of range"):
        make(1.0, **options)
