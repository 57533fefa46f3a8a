"""How often the layers of a directly trained network fire, counted while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...models.spiking_layer import SpikingLayer
from .result import LayerRate


@dataclass
class Count:
    """Of one layer: spikes in every unit of frames so far [n], over the time steps of the clips; and how often a neuron
    could fire: neurons × steps, of clips of whatever size."""

    spikes: Tensor
    steps: int = 0
    chances: int = 0


class FiringCounts:
    """Spikes of every `SpikingLayer` of a network, in the order of execution.

    Their leading dimension is [samples, units, steps of a unit]: `anytime` gives an answer for every unit of frames.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.layers = {name: module for name, module in network.named_modules() if isinstance(module, SpikingLayer)}
        self.counts: dict[str, Count] = {}
        self._rows: list[tuple[str, Tensor, int]] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside the block, what the layers fire is kept until `add` or `drop`."""

        def keep(name: str, spikes: Tensor) -> None:
            self._rows.append((name, spikes.flatten(1).sum(1, dtype=torch.float64).cpu(), spikes[0].numel()))

        def hook(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
            return lambda layer, inputs, spikes: keep(name, spikes)

        handles = [layer.register_forward_hook(hook(name)) for name, layer in self.layers.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def add(self, units: int, samples: int) -> None:
        """Take over one batch.

        Raises:
            InputError: a layer's time steps do not fall into the units.
        """
        for name, rows, neurons in self._rows:
            if len(rows) % (units * samples):
                raise InputError(
                    f"the time steps of layer {name} do not fall into those of the answers",
                    expected=f"a multiple of {units} answers × {samples} clips",
                    got=str(len(rows)),
                )
            spikes = rows.view(samples, units, -1).sum((0, 2))
            count = self.counts.setdefault(name, Count(torch.zeros_like(spikes)))
            count.spikes += spikes
            count.steps += len(rows)
            count.chances += neurons * len(rows)
        self._rows.clear()

    def so_far(self, samples: int) -> list[tuple[float, float]] | None:
        """After every unit, over all layers: firing rate in %, spikes per clip. None without spiking layers."""
        if not self.counts:
            return None
        spikes = torch.stack([count.spikes for count in self.counts.values()]).sum(0).cumsum(0)
        whole = sum(count.chances for count in self.counts.values())
        shares = torch.arange(1, len(spikes) + 1, dtype=torch.float64) / len(spikes)
        return list(zip((100 * spikes / (whole * shares)).tolist(), (spikes / samples).tolist()))

    def rates(self) -> list[LayerRate]:
        titled = getattr(self.network, "title_of", str)
        return [layer_rate(name, titled(name), self.layers[name], count) for name, count in self.counts.items()]


def layer_rate(name: str, title: str, layer: SpikingLayer, count: Count) -> LayerRate:
    neuron = layer.neuron
    rate = 100 * float(count.spikes.sum()) / count.chances
    tau = 1 / float(torch.as_tensor(neuron.leak).detach())
    learned = any(parameter.requires_grad for parameter in neuron.parameters())
    return LayerRate(name, title, type(neuron).__name__, round(count.chances / count.steps), rate, tau, learned)
