"""Layer by layer, what a spiking neuron lacks on average, given back to it (SNN calibration)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from ...network import SpikingNetwork
from ...neurons import Neuron
from ...progress import track
from .means import Samples, ann_means, spiking_mean
from .rebuild import with_sites

Correct = Callable[[Neuron, Tensor], None]  # of a neuron and its mean error (ANN − SNN), shaped as one sample


def layer_by_layer(snn: SpikingNetwork, samples: Samples, T: int, correct: Correct) -> SpikingNetwork:
    """Correct one site after the other, in execution order, each under the spikes of those corrected before it."""
    work = with_sites(snn, {})
    wanted = ann_means(snn, samples)
    for name in track(list(work.sites), "calibrating spikes"):
        correct(work.sites[name], wanted[name] - spiking_mean(work, name, samples, T))
    found = {
        name: replace(work.plan.sites[name], offset=on_cpu(neuron.offset), potential=on_cpu(neuron.potential))
        for name, neuron in work.sites.items()
    }
    return with_sites(snn, found)


def on_cpu(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.cpu()
