"""What a neuron sends on average, as a function with a gradient, and a layer that learns by it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ...neurons import Neuron

ITERATIONS = 200  # a layer; the authors' program takes 5000
BATCH = 32
RATE = 1e-2  # of Adam, in units of the layer's mean |w|; falls to 0 along a cosine

Surrogate = Callable[[Tensor], Tensor]


def clip_floor(current: Tensor, start: Tensor, theta: Tensor, T: int, most: int, whole: bool = True) -> Tensor:
    """Q(I) = clip(⌊(T·I + v(0))/θ⌋, 0, most)·θ/T; in its gradient the floor is the identity.

    Args:
        current: I, the mean input over T steps, [B, …]. start: v(0). theta: θ.
        most: spikes in T steps. whole: False leaves out the floor.
    """
    count = ((T * current + start) / theta).clamp(0, most)
    if whole:
        count = count + (count.floor() - count).detach()
    return count * theta / T


def surrogate_of(neuron: Neuron, x: Tensor, T: int) -> Surrogate:
    """The function from the mean input of a neuron, like `x` [B, …], to the mean of what it sends in T steps."""
    theta, start = neuron.per_unit(x).to(x.dtype), neuron.start(x[:1]).to(x.dtype)
    most = getattr(neuron, "beta", 1) * T
    return lambda current: clip_floor(current, start, theta, T, most, not neuron.differential)


def learned(
    layer: nn.Module,
    x: Tensor,
    rest: Tensor,
    wanted: Tensor,
    surrogate: Surrogate,
    generator: torch.Generator,
    iterations: int = ITERATIONS,
) -> dict[str, Tensor]:
    """Weights of `layer` that bring surrogate(layer(x) + rest) nearer to `wanted`, by Adam.

    Args:
        x, rest, wanted: [B, …], one row a sample.
        generator: draws the samples of each iteration.
    """
    values = {name: value.detach().clone() for name, value in layer.named_parameters()}
    rate = RATE * float(values["weight"].abs().mean())
    with torch.enable_grad():
        for value in values.values():
            value.requires_grad_()
        adam = torch.optim.Adam(values.values(), lr=rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=iterations)
        for _ in range(iterations):
            rows = torch.randperm(len(x), generator=generator)[:BATCH].to(x.device)
            given = surrogate(functional_call(layer, values, (x[rows],)) + rest[rows])
            loss = (given - wanted[rows]).square().reshape(len(rows), -1).sum(1).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    return {name: value.detach() for name, value in values.items()}
