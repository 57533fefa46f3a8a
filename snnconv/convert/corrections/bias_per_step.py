"""Bias correction for every time step: a current per channel that changes in time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from ...network import SpikingNetwork
from ...neurons import Accumulate, Neuron
from ...neurons.temporal import per_unit
from .layers import NeuronCall, per_channel
from .mean_error import layer_by_layer
from .means import Samples
from .registry import correction

ROUNDS = 3  # in which a step's current is found; each is one more trial of that step


@correction("bias-per-step")
def bias_per_step(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """offset_c(t) += b_c(t), t = 1 … T, each found after those before it, layer by layer under the actual spikes:

        mean over samples and positions of channel c of θ·Σ_{k ≤ t} s(k)  =  t · (mean ANN activation there)

    Step t is tried with b(t), and b(t) grows by what the left side lacks; from b(t) = 0, 3 times. The sum of spikes is
    a staircase in b(t), so that the two sides meet as nearly as the spikes of a channel allow. Steps of warm-up get no
    current, and their spikes, which are not read, are not counted.

    One value per channel, as a bias is: with T biases in place of one a layer needs no memory per neuron, and the mean
    over positions can be told from few samples.

    Source: after Wu et al., ECCV 2024, "FTBC: Forward temporal bias correction for optimizing ANN-SNN conversion",
    whose error is 0 in expectation after every step; this way of finding the currents is ours.
    """
    warm_up = snn.warm_up

    def add_to_offset(neuron: Neuron, drive: NeuronCall, wanted: Tensor) -> None:
        found = currents(neuron, drive, per_channel(wanted), warm_up)
        neuron.correct(offset=neuron.offset_with(found, drive.x))

    return layer_by_layer(snn, samples, T, add_to_offset)


def currents(neuron: Neuron, drive: NeuronCall, wanted: Tensor, warm_up: int) -> Tensor:
    """b(t) for all steps, [W + T, C, 1, …] with as many dimensions as the input.

    Args:
        wanted: mean activation of the ANN per channel, [C], float64.
    """
    driven, varying = neuron.driven(drive.x, 0, drive.steps, drive.varying)
    inputs = driven.unflatten(0, (drive.steps, -1)) if varying else driven.expand(drive.steps, *driven.shape)
    theta = neuron.per_unit(inputs[0])
    state: Any = (neuron.begin(inputs), Accumulate().begin(inputs))
    total = torch.zeros_like(wanted)
    found: list[Tensor] = []
    for t, x in enumerate(inputs):
        b, counted = torch.zeros_like(wanted), t >= warm_up
        for _ in range(ROUNDS if counted else 0):
            spikes, _ = step(neuron, x + shaped(b, x), pytree.tree_map_only(Tensor, torch.clone, state))
            b += (t + 1 - warm_up) * wanted - total - mean(spikes * theta)
        spikes, state = step(neuron, x + shaped(b, x), state)
        total += mean(spikes * theta) if counted else 0
        found.append(shaped(b, x))
    return torch.stack(found)


def step(neuron: Neuron, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """One step of the neuron, its spikes decoded where they are differences."""
    spikes, inner = neuron.step(x, state[0])
    if not neuron.differential:
        return spikes, (inner, state[1])
    value, decoded = Accumulate().step(spikes, state[1])
    return value, (inner, decoded)


def shaped(b: Tensor, x: Tensor) -> Tensor:
    """[C] for one sample of x [B, C, …]."""
    return per_unit(b, x).to(x.dtype)


def mean(value: Tensor) -> Tensor:
    """[B, C, …] → [C], float64."""
    return per_channel(value.mean(0, dtype=torch.float64))
