"""Potential correction: an initial potential per neuron (SNN calibration, advanced)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from ...network import SpikingNetwork
from ...neurons import Neuron
from .layers import NeuronCall
from .mean_error import layer_by_layer, mean_error
from .means import Samples
from .registry import correction


@correction("potential")
def potential(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """v(0) = v0·θ + T · mean over samples of (ANN activation − θ·Σ s/T), for every neuron.

    Source: Li et al., ICML 2021, "A free lunch from ANN: towards efficient, accurate spiking neural networks
    calibration", potential correction of the advanced pipeline (there v0 = 0).
    """

    def add_to_potential(neuron: Neuron, drive: NeuronCall, wanted: Tensor) -> None:
        if starts_as_given(neuron, wanted[None].float()):
            error = mean_error(neuron, drive, wanted, T).float()
            neuron.correct(potential=neuron.start(error[None])[0] + error * T)

    return layer_by_layer(snn, samples, T, add_to_potential)


def starts_as_given(neuron: Neuron, x: Tensor) -> bool:
    """Whether another v(0) makes another state, for an input like `x` [B, …]: `initial` may put its argument aside."""
    starts = neuron.start(x), neuron.start(x) + neuron.per_unit(x)
    first, second = (pytree.tree_leaves(neuron.initial(x, start)) for start in starts)
    return not all(torch.equal(a, b) for a, b in zip(first, second) if isinstance(a, Tensor))
