"""Spiking layers of networks that are trained directly, the time folded into the batch sample by sample: [B·T, …].

The batch comes first, so that the same networks with ReLUs in the place of neurons can be converted: frames are parts
of a sample then, and the time steps of a conversion go before the batch.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..neurons import DIRECT
from ..neurons.direct import Direct

RELU = "relu"  # no neuron: the network without spikes, to be trained as an ANN and converted
LAYERS = (*DIRECT, RELU)


class SpikingLayer(nn.Module):
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
    return nn.ReLU() if neuron == RELU else SpikingLayer(T, neuron, **options)


def is_direct(model: nn.Module) -> bool:
    """Whether it spikes by itself: a network for direct training, which is not converted."""
    return any(isinstance(module, SpikingLayer) for module in model.modules())


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


class EachStepNorm(nn.BatchNorm2d):
    """BatchNorm that sees one time step after the other in training, as if steps were a loop: [B·T, C, H, W].

    A step is normalised by its own mean and variance over [B, H, W]; scale, shift and running statistics are the same
    for all, and each step in its turn moves the latter: r ← (1 − m)r + m·(of step t), t = 1 … T. In eval mode it is
    plain BatchNorm.

    Source: ReSpike's spiking branch, in what its authors ran.
    """

    def __init__(self, T: int, channels: int) -> None:
        super().__init__(channels)
        self.T = T

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert self.momentum is not None
        assert self.num_batches_tracked is not None
        by_sample = input.unflatten(0, (-1, self.T)).flatten(1, 2)  # [B, T·C, H, W]: own statistics for each step
        mean, variance = (torch.zeros(by_sample.shape[1], dtype=r.dtype, device=input.device) for r in self.running())
        scale, shift = self.weight.repeat(self.T), self.bias.repeat(self.T)
        y = F.batch_norm(by_sample, mean, variance, scale, shift, True, 1.0, self.eps)  # of momentum 1: this batch's
        for running, of_batch in zip(self.running(), (mean, variance)):
            for step in of_batch.unflatten(0, (self.T, -1)):
                running.lerp_(step, self.momentum)
        self.num_batches_tracked += self.T
        return y.unflatten(1, (self.T, -1)).flatten(0, 1)

    def running(self) -> tuple[Tensor, Tensor]:
        assert self.running_mean is not None
        assert self.running_var is not None
        return self.running_mean, self.running_var


NORMS = {"tdbn": TimeNorm, "bn": StepNorm}
