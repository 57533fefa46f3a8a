"""What spikes of the methods' neurons cost on their way."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import snnconv
from snnconv.cost.synops import SynapticOperations, wiring
from snnconv.neurons import Accumulate, RunningSum

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
    """The maximum of means is not a whole number: what reads it multiplies, and the wiring says why."""
    snn = snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="dcgs")
    found = wiring(snn)
    kinds = {name: layer.reads for name, layer in found.layers.items()}
    assert kinds["conv2"] == "float"
    assert kinds["fc"] == "spikes"
    assert list(found.floats) == ["conv2"]
    assert found.notices == [f"conv2 is counted as multiplying at every step: {found.floats['conv2']}"]
    assert "pool1 takes the maximum of means" in found.floats["conv2"]


def test_pooled_differences_are_whole_only_while_the_winner_stays() -> None:
    """Two neurons of one window: t·(max m(t) − max m(t−1)), m the decoded means. The first fires 4, 0, 0: m = 4. The
    second 2, 1, 8: m = 2, 2½, 2½ + 8/3 = 5⅙. It wins at t = 3 with a difference of 3·(5⅙ − 4) = 3½, of a spike of 8.
    """
    spikes = torch.tensor([[4.0, 2.0], [0.0, 1.0], [0.0, 8.0]])
    means = (spikes / torch.arange(1, 4)[:, None]).cumsum(0)
    largest = torch.cat([torch.zeros(1), means.amax(1)])
    sent = torch.arange(1, 4) * (largest[1:] - largest[:-1])
    torch.testing.assert_close(sent, torch.tensor([4.0, 0.0, 3.5]))
    decoded, _ = Accumulate()(spikes, None, 3)
    pooled, _ = RunningSum(nn.MaxPool1d(2))(decoded[:, None], None, 3)
    means_before = torch.cat([torch.zeros(1), means.amax(1)[:-1]])
    torch.testing.assert_close(pooled.flatten() - means_before, sent)


def test_the_reason_travels_to_the_layer() -> None:
    """Through shapes, to every reader; no notice where nothing was lost."""
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 3), nn.ReLU(),
        nn.Linear(3, 2),
    )  # fmt: skip
    found = wiring(snnconv.convert(model.eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="if"))
    assert list(found.floats) == ["5"]
    assert "maximum of averaged" in found.floats["5"]
    plain = wiring(snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="if"))
    assert plain.notices == []


def test_lateral_inhibition_sends_spikes() -> None:
    snn = snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="burst")
    assert {name: layer.reads for name, layer in wiring(snn).layers.items()}["conv2"] == "spikes"


def test_thresholds_of_single_neurons_are_weights_of_their_own() -> None:
    snn = snnconv.convert(SmallCNN().eval(), data=[torch.randn(4, *SHAPES[SmallCNN])], method="snm", only="relu2")
    found = wiring(snn)
    assert {name: layer.reads for name, layer in found.layers.items()}["fc"] == "spikes"
    assert found.residual == {}
