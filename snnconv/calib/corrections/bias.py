"""Bias correction: a constant current per channel (SNN calibration, light)."""

from __future__ import annotations

from torch import Tensor

from ...network import SpikingNetwork
from ...neurons import Neuron
from .mean_error import layer_by_layer
from .means import Samples
from .registry import CALIBRATIONS


@CALIBRATIONS.register("bias")
def bias(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """offset_c += mean of (ANN activation − θ·Σ s/T) over samples and positions of channel c.

    Source: Li et al., ICML 2021, "A free lunch from ANN: towards efficient, accurate spiking neural networks
    calibration", bias correction of the light pipeline.
    """
    return layer_by_layer(snn, samples, T, add_to_offset)


def add_to_offset(neuron: Neuron, error: Tensor) -> None:
    per_channel = error.flatten(1).mean(1) if error.dim() > 1 else error
    before = 0.0 if neuron.offset is None else neuron.offset
    neuron.correct(offset=(per_channel.float() + before))
