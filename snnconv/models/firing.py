"""Spiking layers of networks that are trained directly, the time folded into the batch sample by sample: [B·T, …].

The batch comes first, so that the same networks with ReLUs in the place of neurons can be converted: frames are parts
of a sample then, and the time steps of a conversion go before the batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..neurons import DIRECT
from ..neurons.direct import Direct

RELU = "relu"  # no neuron: the network without spikes, to be trained as an ANN and converted
LAYERS = (*DIRECT, RELU)


class Firing(nn.Module):
    """A neuron over all T time steps of a call, from a fresh state: [B·T, …] → spikes [B·T, …].

    Args:
        T: time steps in a call.
        neuron: a name in `DIRECT`, or "relu". options: the neuron's own, as tau.
    """

    def __init__(self, T: int, neuron: str = "plif", **options: Any) -> None:
        super().__init__()
        self.T = T
        self.neuron: Direct = DIRECT[neuron](**options)

    def forward(self, x: Tensor) -> Tensor:
        inputs = x.unflatten(0, (-1, self.T)).transpose(0, 1)
        state = self.neuron.begin(inputs)
        outputs: list[Tensor] = []
        for current in inputs:  # not into one piece of memory: the gradient would copy it at every step
            spikes, state = self.neuron.step(current, state)
            outputs.append(spikes)
        return torch.stack(outputs, 1).flatten(0, 1)


def firing(T: int, neuron: str = "plif", **options: Any) -> nn.Module:
    """A spiking layer, or for "relu" a ReLU, which has no options."""
    return nn.ReLU() if neuron == RELU else Firing(T, neuron, **options)


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
        by_sample = x.unflatten(0, (-1, self.T)).flatten(1, 2)  # [B, T·C, …]
        return self.norm(by_sample.flatten(2)).view_as(x)


class StepNorm(nn.Module):
    """Plain BatchNorm, the same for all time steps: [B·T, C, …]."""

    def __init__(self, T: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.flatten(2)).view_as(x)


NORMS = {"tdbn": TimeNorm, "bn": StepNorm}
