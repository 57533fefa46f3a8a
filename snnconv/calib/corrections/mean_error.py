"""Layer by layer, what a spiking neuron lacks on average, given back to it (SNN calibration)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, fx

from ...network import SpikingNetwork
from ...neurons import Neuron
from .means import Samples, ann_means, fitting
from .rebuild import with_sites

Correct = Callable[[Neuron, Tensor], None]  # of a neuron and its mean error (ANN − SNN), shaped as one sample


def layer_by_layer(snn: SpikingNetwork, samples: Samples, T: int, correct: Correct) -> SpikingNetwork:
    """Correct one site after the other, in execution order, each under the spikes of those corrected before it."""
    work, steps = with_sites(snn, {}), snn.warm_up + T
    leaves = fitting(snn, samples, steps)
    program = work._hidden[0]
    with torch.no_grad():
        values = program.prefix(*leaves)
        Layers(program.body, ann_means(snn, leaves), T, correct).run({}, steps, *values)
    found = {
        name: replace(work.plan.sites[name], offset=on_cpu(neuron.offset), potential=on_cpu(neuron.potential))
        for name, neuron in work.sites.items()
    }
    return with_sites(snn, found)


class Layers(fx.Interpreter):
    """Runs the network one layer after the other, each for all time steps at once, and corrects neurons on the way.

    Args:
        body: what runs at every step. wanted: {site: mean activation of the ANN}. T: the last steps, which count.
    """

    def __init__(self, body: Any, wanted: dict[str, Tensor], T: int, correct: Correct) -> None:
        super().__init__(body)
        self.wanted, self.T, self.correct = wanted, T, correct

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        neuron = self.fetch_attr(target)
        if isinstance(neuron, Neuron):
            steps = args[2]
            spikes = neuron(*args)[0].unflatten(0, (steps, -1))[steps - self.T :]
            mean = spikes.mean((0, 1), dtype=torch.float64) * neuron.per_unit(spikes[0])
            self.correct(neuron, self.wanted[str(target)] - mean)
        return super().call_module(target, args, kwargs)


def on_cpu(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.cpu()
