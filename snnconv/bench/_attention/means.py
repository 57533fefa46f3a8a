"""The SNN as a network without time that has a gradient: its mean activations forward, the clip's gradient backward."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...graph.graphs import clone, put_module
from ...network import SpikingNetwork
from ...neurons import Neuron


class SpikeSums:
    """An observer that keeps Σ₁..t s of every neuron at some time steps t.

    Attributes:
        at: {t: {site: [B, …] float32}}, whole numbers.
    """

    def __init__(self, steps: Collection[int]) -> None:
        self.at: dict[int, dict[str, Tensor]] = {t: {} for t in steps}
        self._totals: dict[str, Tensor] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        for t, fired in enumerate(spikes.float(), start + 1):
            before = self._totals.get(site)
            total = self._totals[site] = fired.clone() if before is None else before + fired
            if t in self.at:
                self.at[t][site] = total


class ClipGradient(torch.autograd.Function):
    """Forward: the given mean, whatever z is. Backward: that of clip(z, 0, c), 1 where 0 < z < c and else 0."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, mean: Tensor, ceiling: Tensor) -> Tensor:
        ctx.save_for_backward((z > 0) & (z < ceiling))
        return mean.to(z.dtype, copy=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (passes,) = ctx.saved_tensors
        return gradients[0] * passes, None, None


class MeanActivation(nn.Module):
    """A spiking site seen over T steps: z, the mean input → θ·Σs/T, the mean of what its neurons really fired.

    Args:
        neuron: the site's neuron; its spikes of at most β a step (1 where it has no β) stand for values up to βθ.

    Attributes:
        mean: θ·Σs/T [B, …], set before the network runs.
    """

    mean: Tensor

    def __init__(self, neuron: Neuron) -> None:
        super().__init__()
        self._neuron = (neuron,)  # in a tuple: it is not part of this network

    def show(self, spikes: Tensor, T: int) -> None:
        """Take over Σs [B, …] of T steps."""
        self.mean = spikes * self._neuron[0].per_unit(spikes) / T

    def forward(self, z: Tensor) -> Tensor:
        neuron = self._neuron[0]
        ceiling = neuron.per_unit(z) * getattr(neuron, "beta", 1)
        return ClipGradient.apply(z, self.mean, ceiling)


class MeanNetwork:
    """A copy of the canonical ANN whose spiking sites give the SNN's mean activations.

    Between sites everything is linear, or a maximum taken on running sums, so every value in it is the mean over T
    steps of the SNN's: the mean input of each site, and the logits.

    Attributes:
        network: the copy; it can run once `show` has been called.
    """

    def __init__(self, snn: SpikingNetwork) -> None:
        self.network: fx.GraphModule = clone(snn.ann)
        self.sites = {name: MeanActivation(neuron) for name, neuron in snn.sites.items()}
        for name, site in self.sites.items():
            put_module(self.network, name, site)

    def show(self, sums: Mapping[str, Tensor], T: int) -> fx.GraphModule:
        """The network for the spikes {site: Σ₁..T s}."""
        for name, site in self.sites.items():
            site.show(sums[name], T)
        return self.network
