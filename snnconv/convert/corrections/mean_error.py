"""Layer by layer, what a spiking neuron lacks on average, given back to it (SNN calibration)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, fx

from ...network import SpikingNetwork
from ...neurons import Neuron
from ...progress import progress
from ..build import with_sites
from .layers import Layers, NeuronCall, decoded_output, on_cpu
from .means import Samples, ann_means, fitting

Correct = Callable[
    [Neuron, NeuronCall, Tensor], None
]  # of a neuron, its input, and the ANN's mean activation of one sample


def layer_by_layer(snn: SpikingNetwork, samples: Samples, T: int, correct: Correct) -> SpikingNetwork:
    """Correct one site after the other, in execution order, each under the spikes of those corrected before it.

    Neurons that track a function round to nearest, and a current in front of it would be another's error: they are left
    as they are, which `corrected` puts on record.
    """
    work, steps = with_sites(snn, {}), snn.warm_up + T
    leaves = fitting(snn, samples, steps)
    program = work._hidden[0]
    with torch.no_grad(), progress("correcting", len(work.sites)) as bar:
        wanted = ann_means(snn, leaves)

        def stop(site: str, neuron: Neuron, drive: NeuronCall) -> NeuronCall:
            if neuron.integrates:
                correct(neuron, drive, wanted[site])
            return drive

        values = program.prefix(*leaves)
        Layers(cast(fx.GraphModule, program.body), stop, bar).run({}, steps, True, *values)
    found = {
        name: replace(work.plan.sites[name], offset=on_cpu(neuron.offset), potential=on_cpu(neuron.potential))
        for name, neuron in work.sites.items()
    }
    return with_sites(snn, found)


def mean_error(neuron: Neuron, drive: NeuronCall, wanted: Tensor, T: int) -> Tensor:
    """ANN − SNN over the last T steps, which count: [C, …] as one sample, float64."""
    return wanted - decoded_output(neuron, drive)[-T:].mean((0, 1), dtype=torch.float64)
