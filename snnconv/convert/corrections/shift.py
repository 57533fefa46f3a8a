"""A constant current that turns the floor of integrate-and-fire neurons into rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from ...graph.sites import activation_sites
from ...network import SpikingNetwork
from ..build import with_sites
from .layers import on_cpu
from .registry import correction


@correction("shift")
def shift(snn: SpikingNetwork, samples: Sequence[tuple[Tensor, ...]], T: int) -> SpikingNetwork:
    """offset += θ/(2T): over T steps it adds θ/2, as v(0) = θ/2 does, but evenly.

    Source: Deng & Gu, ICLR 2021, "Optimal conversion of conventional artificial neural networks to spiking neural
    networks" (the bias shifted by θ/2T).
    """
    inputs = activation_sites(snn.ann)
    offsets = {
        name: neuron.offset_with(neuron.theta / (2 * T), inputs[name].meta["val"])
        for name, neuron in snn.sites.items()
        if neuron.integrates
    }
    found = {name: replace(snn.plan.sites[name], offset=on_cpu(offset)) for name, offset in offsets.items()}
    return with_sites(snn, found)
