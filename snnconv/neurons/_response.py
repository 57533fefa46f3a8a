"""What a neuron makes of a constant input: its static transfer function, found by running it."""

from __future__ import annotations

import torch
from torch import Tensor

from .differential import Accumulate
from .temporal import Neuron, State


class Sent:
    """What spikes stand for at each step, in quanta: themselves, or the decoded mean where they are differences.

    One object follows one run, step by step.
    """

    def __init__(self, neuron: Neuron) -> None:
        self._decoder = Accumulate() if neuron.differential else None
        self._state: State = None

    def __call__(self, spikes: Tensor) -> Tensor:
        if self._decoder is None:
            return spikes
        if self._state is None:
            self._state = self._decoder.begin(spikes[None])
        output, self._state = self._decoder.step(spikes.float(), self._state)
        return output


def response(neuron: Neuron, current: Tensor, T: int, warm_up: int = 0) -> Tensor:
    """The mean output over T steps of a neuron that gets the same current at every step, after `warm_up` such steps.

        g(z) = θ/T · Σ y(t), t = W + 1 … W + T, for I(t) = z from the first step on

    With all that is the neuron's own: its offset and calibrated v(0), trial runs, masks and gates. y are its spikes,
    or what they decode to.

    Args:
        current: z [B, …], as the layer before gives it: without the neuron's offset.

    Returns:
        g(z) [B, …] in the unit of the activation, float32.
    """
    current = neuron.in_current(current.float(), current)
    total, sent = torch.zeros_like(current), Sent(neuron)
    done, state = 0, None
    while done < warm_up + T:
        steps = 1 if done else max(1, neuron.opening)
        spikes, state = neuron.forward(current, state, steps, False)
        for fired in spikes.unflatten(0, (steps, -1)):
            done += 1
            output = sent(fired)
            if done > warm_up:
                total += output
    return neuron.per_unit(current) * total / T


def mean_output(neuron: Neuron, inputs: Tensor, T: int) -> Tensor:
    """θ Σ_t y(t) / T for the constant input I(t) = x, for all `inputs` [N] → [N]; y what the spikes stand for."""
    with torch.no_grad():
        return response(neuron, inputs[:, None], T)[:, 0]
