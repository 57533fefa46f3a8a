"""What spikes of the methods' neurons cost on their way."""

from __future__ import annotations

import numpy as np
import torch

import snnconv
from snnconv.bench.synops import SynapticOperations, wiring

from ...networks import MLP, SHAPES, SmallCNN, SpikeRecorder


def test_differences_are_events_of_the_layer_behind() -> None:
    """8 hidden neurons, each read by 8 and 3: a spike ±2^i is one event, decoding it none."""
    x = torch.randn(5, *SHAPES[MLP])
    snn = snnconv.convert(MLP().eval(), 6, data=[x], method="dcgs")
    recorder, ops = SpikeRecorder(), SynapticOperations(snn)
    with ops:
        snn.run(x, observers=[recorder])
    found = {pair: int(count.sum()) for pair, count in ops.counts.operations.items()}
    fired = {site: int(np.count_nonzero(spikes)) for site, spikes in recorder.spikes.items()}
    assert found == {("1", "2"): 8 * fired["1"], ("3", "4"): 3 * fired["3"]}
    assert all(fired.values())
    assert not wiring(snn).unsupported_ops


def test_pooled_differences_are_floats() -> None:
    """The maximum of means is no whole number: what reads it multiplies."""
    snn = snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="dcgs")
    kinds = {name: layer.reads for name, layer in wiring(snn).layers.items()}
    assert kinds["conv2"] == "float"
    assert kinds["fc"] == "spikes"


def test_lateral_inhibition_sends_spikes() -> None:
    snn = snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="burst")
    assert {name: layer.reads for name, layer in wiring(snn).layers.items()}["conv2"] == "spikes"


def test_thresholds_of_single_neurons_are_weights_of_their_own() -> None:
    snn = snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="snm", only="relu2")
    found = wiring(snn)
    assert {name: layer.reads for name, layer in found.layers.items()}["fc"] == "spikes"
    assert found.residual == {}
