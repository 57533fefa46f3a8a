"""Bias correction: a constant current per channel (SNN calibration, light)."""

from __future__ import annotations

from torch import Tensor

from ...network import SpikingNetwork
from ...neurons import Neuron
from .layers import NeuronCall, per_channel
from .mean_error import layer_by_layer, mean_error
from .means import Samples
from .registry import correction


@correction("bias")
def bias(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """offset_c += mean of (ANN activation − θ·Σ s/T) over samples and positions of channel c.

    Source: Li et al., ICML 2021, "A free lunch from ANN: towards efficient, accurate spiking neural networks
    calibration", bias correction of the light pipeline.
    """

    def add_to_offset(neuron: Neuron, drive: NeuronCall, wanted: Tensor) -> None:
        error = per_channel(mean_error(neuron, drive, wanted, T)).float()
        neuron.correct(offset=neuron.offset_with(error, drive.x))

    return layer_by_layer(snn, samples, T, add_to_offset)
