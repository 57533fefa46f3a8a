"""What is counted while networks run, against enumeration of the spikes that an observer recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import METHODS, SpikingNetwork
from snnconv.cost.synops import Counts, SynapticOperations, wiring
from snnconv.methods.method import Method
from snnconv.models import cifar_resnet20
from snnconv.neurons import NEURONS, Neuron

from ...networks import MLP, SHAPES, ResidualNet, SmallCNN, SpikeRecorder, spread_norms
from .networks import (
    Folded,
    Inception,
    Operations,
    Separable,
    Spikes,
    Video,
    folded,
    inception,
    mlp,
    residual_net,
    resnet20,
    separable,
    small_cnn,
    video,
)

T = 5
NETWORKS: dict[type[nn.Module], tuple[tuple[int, ...], Callable[[Spikes], Operations]]] = {
    SmallCNN: (SHAPES[SmallCNN], small_cnn),
    ResidualNet: (SHAPES[ResidualNet], residual_net),
    MLP: (SHAPES[MLP], mlp),
    Inception: ((2, 6, 6), inception),
    Separable: ((2, 9, 9), separable),
    Video: ((2, 5, 13, 12), video),
    Folded: ((2, 5, 6, 6), folded),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "sdm": {"method": "sdm", "alpha": 0.2, "beta": 5},
    "sdm-zero": {"method": "sdm-zero"},
    "if": {"method": "if"},
}
nets = pytest.mark.parametrize("net", NETWORKS)


def small(net: type[nn.Module], **options: Any) -> tuple[SpikingNetwork, Tensor]:
    x = torch.randn(6, *NETWORKS[net][0])
    return snnconv.convert(net().eval(), T, data=[x], **{"method": "sdm-zero", **options}), x[:3]


def counted(snn: SpikingNetwork, x: Tensor, steps: int = T) -> tuple[Counts, Spikes]:
    recorder, ops = SpikeRecorder(), SynapticOperations(snn)
    with ops:
        snn.run(x, steps, observers=[recorder])
    return ops.counts, {site: spikes.double().numpy() for site, spikes in recorder.spikes.items()}


def assert_same(counts: Counts, expected: Operations) -> None:
    assert {pair: steps.tolist() for pair, steps in counts.operations.items()} == {
        pair: steps.tolist() for pair, steps in expected.items()
    }
    assert all(steps.sum() > 0 for steps in expected.values()), "nothing fired: the comparison says nothing"


@nets
@pytest.mark.parametrize("setting", SETTINGS)
def test_small_networks(net: type[nn.Module], setting: str) -> None:
    counts, spikes = counted(*small(net, **SETTINGS[setting]))
    assert_same(counts, NETWORKS[net][1](spikes))


def test_bursts_and_negative_spikes_were_among_them() -> None:
    _, spikes = counted(*small(Inception, **SETTINGS["sdm"]))
    fired = np.concatenate([train.ravel() for train in spikes.values()])
    assert fired.max() == 5
    assert fired.min() == -1


@nets
def test_chunks_do_not_matter(net: type[nn.Module]) -> None:
    snn, x = small(net)
    found = []
    for chunk in (1, 2, T):
        snn.chunk = chunk
        found.append(counted(snn, x)[0].to_dict())
    assert found[0] == found[1] == found[2]


def test_low_precision_networks_are_counted_exactly() -> None:
    """Spikes are bfloat16 there, which has 8 bits."""
    snn, x = small(SmallCNN)
    counts, spikes = counted(snn.to(torch.bfloat16), x)
    assert_same(counts, small_cnn(spikes))


@pytest.mark.parametrize("setting", ["sdm", "sdm-zero"])
def test_resnet20_of_random_weights(setting: str) -> None:
    snn = snnconv.convert(spread_norms(cifar_resnet20()), data=[torch.randn(8, 3, 32, 32)], **SETTINGS[setting])
    counts, spikes = counted(snn, torch.randn(2, 3, 32, 32), 3)
    assert_same(counts, resnet20(spikes))


def test_events_are_the_spikes_of_the_run() -> None:
    snn, x = small(SmallCNN)
    ops = SynapticOperations(snn)
    with ops:
        run = snn.run(x)
    assert list(ops.counts.events) == ["relu1", "pool1", "relu2"]
    assert all(torch.equal(ops.counts.events[site], spikes) for site, spikes in run.spikes.items())


def test_every_block_starts_from_zero() -> None:
    snn, x = small(ResidualNet)
    ops = SynapticOperations(snn)
    with ops:
        snn.run(x)
    first = ops.counts.to_dict()
    snn.run(x)  # outside: not seen
    with ops:
        snn.run(x)
    assert ops.counts.to_dict() == first


def test_a_continued_run_appends_its_steps() -> None:
    snn, x = small(Inception)
    whole, _ = counted(snn, x)
    ops = SynapticOperations(snn)
    with ops:
        state = snn.run(x, 2).state
        snn.run(x, T - 2, state=state)
    assert ops.counts.to_dict() == whole.to_dict()


def test_batches_add_up() -> None:
    snn, x = small(Inception)
    whole, _ = counted(snn, x)
    total = Counts()
    for image in x:
        total = total + counted(snn, image[None])[0]
    assert total.to_dict() == whole.to_dict()


def test_counts_travel_through_json() -> None:
    counts, _ = counted(*small(Inception))
    again = Counts.from_dict(json.loads(json.dumps(counts.to_dict())))
    assert again.to_dict() == counts.to_dict()
    assert list(again.operations) == list(counts.operations)


def test_pooled_floats_are_no_events() -> None:
    """Max pooling of averages hands on fractions, of what stays analog floats: layers after it are dense."""
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ReLU(), nn.AvgPool2d(2), nn.MaxPool2d(2, 1), nn.Conv2d(3, 4, 2),
        nn.ReLU(), nn.Conv2d(4, 4, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 2),
    ).eval()  # fmt: skip
    snn = snnconv.convert(model, data=[torch.randn(4, 2, 10, 10)], keep="7")
    found = wiring(snn)
    assert list(found.sources) == ["1", "5"]
    assert found.pools == {"3": 3 * 4 * 4, "7": 4 * 2 * 2, "8": 4 * 2 * 2}
    # 3×3 pixels pooled; 2×2 taps on 3 channels at 2×2 places of 4 channels; 4 pooled floats to 2 outputs.
    assert found.analog == {"4": 2 * 2 * 3 * 4 * 4, "10": 8}
    assert [synapse.layer for synapse in found.synapses] == ["6"]


class Weighted(Neuron):
    """Fires its whole input at once, as one number in binary code."""

    code = "binary"

    def __init__(self, threshold: Tensor | float, *, alpha: float) -> None:
        super().__init__(threshold, alpha, v0=0.0)

    def initial(self, x: Tensor, start: Tensor) -> tuple[Tensor]:
        return (start,)

    def step(self, x: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        (rest,) = state
        spikes = ((x + rest) / self.per_unit(x)).round()
        return spikes, (x + rest - spikes * self.per_unit(x),)


def bits(spikes: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda k: float(f"{abs(int(k)):b}".count("1")))(spikes)


def test_binary_weighted_spikes_cost_their_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NEURONS._entries, "weighted", Weighted)
    method = Method("weighted", "", "", neuron="weighted", options={"alpha": 0.02})
    monkeypatch.setitem(METHODS._entries, "weighted", method)
    snn, x = small(MLP, method="weighted")
    recorder, ops = SpikeRecorder(), SynapticOperations(snn)
    with ops:
        run = snn.run(x, observers=[recorder])
    spikes = {site: train.numpy() for site, train in recorder.spikes.items()}
    fired = np.concatenate([train.ravel() for train in spikes.values()])
    assert fired.min() < -3
    assert fired.max() > 3
    expected = {site: bits(train) for site, train in spikes.items()}
    assert_same(ops.counts, mlp(expected))
    assert {site: n.tolist() for site, n in run.spikes.items()} == {
        site: train.sum((1, 2)).tolist() for site, train in expected.items()
    }


def test_pooling_hands_the_code_on(monkeypatch: pytest.MonkeyPatch) -> None:
    snn, _ = small(SmallCNN)
    assert wiring(snn).sources["pool1"].code == "unary"
    monkeypatch.setattr(type(snn.sites["relu1"]), "code", "binary")
    assert wiring(snn).sources["pool1"].code == "binary"
