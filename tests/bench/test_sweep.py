"""A sweep against direct evaluation: the accuracies, the spikes, the ANN; and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Sweep, count, grid, sweep
from snnconv.cost.energy.quantise import quantised
from snnconv.cost.synops import SynapticOperations, wiring
from snnconv.data import DataSource, Normalization, open_data
from snnconv.measure.evaluate import batches_in
from snnconv.models import fashion_cnn

from ..conftest import STEPS


def accuracy(network: Callable[[Tensor], Tensor], data: DataSource) -> float:
    with torch.no_grad():
        return 100 * sum(int((network(x).argmax(1) == y).sum()) for x, y in data) / len(data)


def test_accuracy_is_that_of_the_network_at_every_T(snn: SpikingNetwork, swept: Sweep, images: DataSource) -> None:
    before = snn.T
    for row in swept.rows:
        snn.T = row.T
        assert row.accuracy == pytest.approx(accuracy(snn, images))
    snn.T = before
    assert [row.T for row in swept.rows] == list(STEPS)
    assert swept.samples == len(images)


def test_ann_accuracy_is_that_of_the_source_model(swept: Sweep, images: DataSource) -> None:
    assert swept.ann_accuracy == pytest.approx(accuracy(fashion_cnn(pretrained=True), images))


def test_the_network_is_accurate(swept: Sweep) -> None:
    """Loose bounds on 150 images: a conversion that lost the network would be at 10 %."""
    assert swept.ann_accuracy > 88
    assert swept.rows[-1].accuracy > swept.ann_accuracy - 3


def test_spikes_are_those_of_a_run(snn: SpikingNetwork, swept: Sweep, images: DataSource) -> None:
    per_batch = [(len(y), snn.run(x, T=max(STEPS)).spikes_per_neuron) for x, y in images]
    mean = sum(count * spikes for count, spikes in per_batch) / len(images)
    assert isinstance(mean, Tensor)
    assert [row.spikes_per_neuron for row in swept.rows] == pytest.approx([float(mean[t - 1]) for t in STEPS])


def test_spikes_add_up(snn: SpikingNetwork, swept: Sweep) -> None:
    (curve,) = swept.curves
    spikes = [row.spikes for row in swept.rows]
    assert spikes == sorted(spikes)
    assert spikes[0] > 0
    for row in swept.rows:
        assert row.spikes == pytest.approx(row.spikes_per_neuron * curve.neurons)
    neurons = snn.run(torch.zeros(1, 1, 28, 28), T=1).neurons
    assert list(curve.site_rates) == list(neurons) == list(snn.sites)
    assert curve.neurons == sum(neurons.values())
    total = sum(rate * neurons[site] for site, rate in curve.site_rates.items()) * max(STEPS)
    assert total == pytest.approx(spikes[-1])


def test_shorter_times_are_prefixes(snn: SpikingNetwork, swept: Sweep, images: DataSource) -> None:
    assert sweep(snn, images, [2]).rows == [swept.rows[1]]
    assert sweep(snn, images, [4, 1, 2]).rows == swept.rows


def test_costs_are_those_of_the_work(snn: SpikingNetwork, swept: Sweep) -> None:
    """45nm: 0.9 pJ a synaptic operation, 4.6 pJ a multiply-accumulate (Horowitz 2014), nothing else."""
    first = 28 * 28 * 32 * 9  # 3 × 3 taps of one channel to 32 maps: what no neuron precedes, computed once
    residual = sum(wiring(snn).residual.values())
    for row in swept.rows:
        assert row.macs == first + row.T * residual
        assert row.synops is not None
        assert row.energy == pytest.approx((0.9 * row.synops + 4.6 * row.macs) * 1e-9)
    assert swept.energy_model == "45nm"
    ann = swept.baselines[0]
    assert ann.ops == count(fashion_cnn(), (1, 28, 28)).ops
    assert ann.energy == pytest.approx(4.6e-9 * (ann.ops or 0))


def test_spike_operations_add_up_over_batches(snn: SpikingNetwork, swept: Sweep, images: DataSource) -> None:
    operations = SynapticOperations(snn)
    totals = [0] * len(STEPS)
    for x, _ in images:
        with operations:
            snn.run(x, T=max(STEPS))
        for place, t in enumerate(STEPS):
            totals[place] += sum(int(steps[:t].sum()) for steps in operations.counts.operations.values())
    assert [row.synops for row in swept.rows] == pytest.approx([total / len(images) for total in totals])


def test_rivals_have_the_thresholds_of_the_first_setting_per_channel(images: DataSource) -> None:
    model, train = fashion_cnn(pretrained=True), open_data("fashion:train", limit=64)
    networks = grid(model, "if,sdm,auto:threshold=percentile:90,auto", data=train)
    result = sweep(networks, images, [1])
    assert [baseline.name for baseline in result.baselines] == ["ANN FP32", "ANN W8A8", "ANN W4A4"]
    reference = convert(model, data=train, threshold="percentile:90")
    for baseline, bits, levels in ((result.baselines[1], 8, 256), (result.baselines[2], 4, 16)):
        assert baseline.accuracy == pytest.approx(accuracy(quantised(reference, bits, levels), images))
    assert result.baselines[0].accuracy == result.ann_accuracy
    alone = sweep({"if": networks["if"]}, images, [1])  # none is per channel
    assert alone.baselines[1].accuracy == pytest.approx(accuracy(quantised(networks["if"](), 8, 256), images))


def test_without_the_quantised_ann(snn: SpikingNetwork, swept: Sweep, images: DataSource) -> None:
    result = sweep(snn, images, STEPS, baselines="none")
    assert result.baselines == swept.baselines[:1]
    assert result.rows == swept.rows
    with pytest.raises(InputError, match="no such baselines") as refused:
        sweep(snn, images, [1], baselines="some")
    assert refused.value.expected == "all or none"


def test_record(swept: Sweep, snn: SpikingNetwork, images: DataSource) -> None:
    assert swept.data == "fashion:test"
    assert swept.curves[0].settings == snn.plan.settings
    assert images.normalization is not None
    assert swept.normalization == images.normalization.to_dict()
    assert {"versions", "hardware", "seed", "made"} <= set(swept.provenance)


def test_record_of_the_normalisation_applied(snn: SpikingNetwork) -> None:
    other = open_data("fashion", limit=5, normalization=Normalization((0.5,), (0.5,)))
    assert sweep(snn, other, [1]).normalization == {"mean": [0.5], "std": [0.5]}
    batches = [next(iter(other))]  # these do not tell
    assert sweep(snn, batches, [1]).normalization == snn.plan.normalization


def test_batches_of_every_kind(snn: SpikingNetwork, images: DataSource) -> None:
    x, y = next(iter(images))
    loader = DataLoader(TensorDataset(x, y), batch_size=20)
    expected = sweep(snn, [(x, y)], [2]).rows[0].accuracy
    for data in (loader, [{"image": x, "label": y}], iter([(x[:7], y[:7]), (x[7:], y[7:])])):
        assert sweep(snn, data, [2]).rows[0].accuracy == pytest.approx(expected)
    assert (batches_in(images), batches_in(loader), batches_in(iter([]))) == (3, 3, None)


def test_the_network_is_as_before(snn: SpikingNetwork, images: DataSource) -> None:
    x, _ = next(iter(images))
    T, output = snn.T, snn(x)
    sweep(snn, [(x, torch.zeros(len(x), dtype=torch.long))], [1, 3])
    assert snn.T == T
    assert torch.equal(snn(x), output)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "test data is empty"),
        ([torch.zeros(2, 1, 28, 28)], "no labels"),
        ([(torch.zeros(2, 1, 28, 28), torch.tensor([0, 10]))], "label is out of range"),
        ([(torch.zeros(2, 1, 28, 28), torch.tensor([-1, 0]))], "label is out of range"),
        ([(torch.zeros(2, 3, 28, 28), torch.tensor([0, 1]))], "another shape"),
    ],
)
def test_refuses_data(data: list[Any], problem: str, snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match=problem):
        sweep(snn, data, [1])


def test_refuses_data_that_are_used_up(snn: SpikingNetwork, images: DataSource) -> None:
    with pytest.raises(InputError, match="test data can be read only once"):
        sweep({"one": snn, "two": snn}, iter(images), [1])
    with pytest.raises(InputError, match="calibration data can be read only once"):
        grid(fashion_cnn(), "if,sdm", data=iter(images))
    with pytest.raises(InputError, match="no network"):
        sweep({}, images, [1])


@pytest.mark.parametrize("steps", [[], [0], [1, 1]])
def test_refuses_steps(steps: list[int], snn: SpikingNetwork, images: DataSource) -> None:
    with pytest.raises(InputError, match="time step"):
        sweep(snn, images, steps)


class Segmenter(nn.Module):
    def __init__(self, *, pairs: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 3, 1))
        self.pairs = pairs

    def forward(self, x: Tensor) -> Any:
        y = self.layers(x)
        return (y, y) if self.pairs else y


@pytest.mark.parametrize("pairs", [False, True])
def test_refuses_other_outputs_than_class_scores(pairs: bool) -> None:
    x = torch.rand(2, 1, 6, 6)
    segmenter = convert(Segmenter(pairs=pairs), data=[x])
    with pytest.raises(InputError, match="not one score per class") as caught:
        sweep(segmenter, [(x, torch.tensor([0, 1]))], [1])
    assert ("got: tuple of [2, 3, 4, 4], [2, 3, 4, 4]" if pairs else "got: [2, 3, 4, 4]") in str(caught.value)
    assert "self.model(x)[0]" in str(caught.value)


class Decoded(nn.Module):
    """As the refusal says."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Segmenter(pairs=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)[0].mean((-2, -1))


def test_a_decoded_output_is_measured() -> None:
    x = torch.rand(2, 1, 6, 6)
    assert sweep(convert(Decoded(), data=[x]), [(x, torch.tensor([0, 1]))], [1]).samples == 2


def test_json_is_the_sweep(swept: Sweep, tmp_path: Path) -> None:
    swept.to_json(tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == swept.to_dict()
