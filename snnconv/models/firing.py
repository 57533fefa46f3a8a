"""Spiking layers of networks that are trained directly, with the time folded into the batch: [T·B, …], time-major."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..neurons import DIRECT


class Firing(nn.Module):
    """A neuron over all T time steps of a call, from a fresh state: [T·B, …] → spikes [T·B, …].

    Args:
        T: time steps in a call.
        neuron: a name in `DIRECT`. options: its own, as tau.
    """

    def __init__(self, T: int, neuron: str = "plif", **options: Any) -> None:
        super().__init__()
        self.T = T
        self.neuron = DIRECT[neuron](**options)

    def forward(self, x: Tensor) -> Tensor:
        return self.neuron(x, None, self.T)[0]


def is_direct(model: nn.Module) -> bool:
    """Whether it spikes by itself: a network for direct training, which is not converted."""
    return any(isinstance(module, Firing) for module in model.modules())


class TimeNorm(nn.Module):
    """BatchNorm with statistics, scale and shift of its own for every time step: over [B, T·C, …].

    2·T·C parameters: T is baked into the weights.

    Source: SVFormer's TDBN.
    """

    def __init__(self, T: int, channels: int) -> None:
        super().__init__()
        self.T = T
        self.norm = nn.BatchNorm1d(T * channels)

    def forward(self, x: Tensor) -> Tensor:
        by_sample = x.unflatten(0, (self.T, -1)).transpose(0, 1).flatten(1, 2)  # [B, T·C, …]
        normal = self.norm(by_sample.flatten(2)).view_as(by_sample)
        return normal.unflatten(1, (self.T, -1)).transpose(0, 1).flatten(0, 1)


class StepNorm(nn.Module):
    """Plain BatchNorm, the same for all time steps: [T·B, C, …]."""

    def __init__(self, T: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.flatten(2)).view_as(x)


NORMS = {"tdbn": TimeNorm, "bn": StepNorm}
