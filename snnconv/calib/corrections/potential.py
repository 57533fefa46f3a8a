"""Potential correction: an initial potential per neuron (SNN calibration, advanced)."""

from __future__ import annotations

from torch import Tensor

from ...network import SpikingNetwork
from ...neurons import Neuron
from .mean_error import layer_by_layer
from .means import Samples
from .registry import CALIBRATIONS


@CALIBRATIONS.register("potential")
def potential(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """v(0) = v0·θ + T · mean over samples of (ANN activation − θ·Σ s/T), for every neuron.

    Source: Li et al., ICML 2021, "A free lunch from ANN: towards efficient, accurate spiking neural networks
    calibration", potential correction of the advanced pipeline (there v0 = 0).
    """

    def add_to_potential(neuron: Neuron, error: Tensor) -> None:
        neuron.correct(potential=neuron.start(error.float()[None])[0] + error.float() * T)

    return layer_by_layer(snn, samples, T, add_to_potential)
