"""Energy against closed forms: a network whose spikes are known, and the bundled one layer by layer."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Energy, count, energy
from snnconv.cost.energy import EnergyRow, dense_count
from snnconv.data import DataSource
from snnconv.models import cifar_resnet20, fashion_cnn

PJ = 1e-9  # mJ


@pytest.fixture(scope="module")
def measured(snn: SpikingNetwork, images: DataSource) -> dict[str, Energy]:
    return {model: energy(snn, images, T=2, energy_model=model) for model in ("45nm", "memory")}


def row(result: Energy, name: str) -> EnergyRow:
    return next(row for row in result.rows if row.name.startswith(name))


# a network whose spikes are known


def counted() -> tuple[SpikingNetwork, list[tuple[Tensor, Tensor]]]:
    """Two inputs, three IF neurons with θ = 1 and v(0) = ½, two outputs.

    For the input (1, ½) the currents are 1, ½, 0. Neuron 1 fires at every step, neuron 2 at every other step from the
    first on, neuron 3 never: 6 spikes in T = 4 steps. For (0, 0) none fires: 3 spikes a sample.
    """
    first, last = nn.Linear(2, 3), nn.Linear(3, 2)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        first.bias.zero_()
    x = torch.tensor([[1.0, 0.5], [0.0, 0.0]])
    snn = convert(nn.Sequential(first, nn.ReLU(), last), data=[x], method="if", threshold=lambda _: torch.tensor(1.0))
    return snn, [(x, torch.tensor([0, 1]))]


def total(result: Energy, name: str) -> float:
    return row(result, name).energy_mJ / PJ


def test_operations_of_known_spikes() -> None:
    """6 + 6 products in the ANN; in the SNN the 6 of the encoder and 2 for each of 3 spikes."""
    result = energy(*counted(), T=4)
    ann, snn = row(result, "ANN FP32"), result.rows[-1]
    assert (ann.macs, ann.int_macs, ann.acs) == (12, 0, 0)
    assert (snn.macs, snn.int_macs, snn.acs) == (6, 0, 6)
    assert total(result, "ANN FP32") == pytest.approx(12 * 4.6)
    assert total(result, "SNN, ") == pytest.approx(6 * 4.6 + 6 * 0.9)
    assert snn.of_ann == pytest.approx((6 * 4.6 + 6 * 0.9) / (12 * 4.6))
    assert result.apart == {
        "synops": 6, "encoder_macs": 6, "analog_macs": 0, "residual_macs": 0, "norm_macs": 0,
        "bias_adds": 3 + 4 * 2, "neuron_updates": 3 * 4, "pool_updates": 0, "spikes": 3,
    }  # fmt: skip
    assert result.by_site == {"1": {"spikes": 3, "synops": 6, "neurons": 3}}


def test_quantised_rows_of_known_spikes() -> None:
    """Products of 8-bit weights: 6 with the 8-bit input, 6 with activations of 8, 4 or (5 levels) 3 bits."""
    result = energy(*counted(), T=4)

    def product(weight_bits: int, bits: int) -> float:
        return 0.2 * weight_bits * bits / 64 + 0.03 * bits / 8

    assert row(result, "ANN W8, ").name == "ANN W8, 5 levels"
    assert total(result, "ANN W8A8") == pytest.approx(12 * 0.23)
    assert total(result, "ANN W4A4") == pytest.approx(6 * product(4, 8) + 6 * product(4, 4))
    assert total(result, "ANN W8, ") == pytest.approx(6 * product(8, 8) + 6 * product(8, 3))
    assert total(result, "SNN W8") == pytest.approx(6 * 0.23 + 6 * 0.03)
    assert (row(result, "SNN W8").int_macs, row(result, "SNN W8").acs) == (6, 6)


def test_the_same_network_in_whole_numbers(
    snn: SpikingNetwork, images: DataSource, measured: dict[str, Energy]
) -> None:
    """Beside a network of real weights stands what `quantise` makes of it, measured and priced as by itself."""
    alone = energy(snn.quantise(8), images, T=2)
    assert row(alone, "SNN W8") == row(measured["45nm"], "SNN W8")


def test_a_network_that_has_no_whole_numbers() -> None:
    model, x = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), torch.rand(4, 2)
    result = energy(convert(model, data=[x], method="dcgs"), [(x, torch.zeros(4, dtype=torch.long))], T=2)
    assert [entry.name.partition(",")[0] for entry in result.rows[-2:]] == ["ANN W8", "SNN"]
    assert [notice for notice in result.notices if notice.startswith("no SNN W8 beside it: ")]
    assert "SNN W8" not in result.verdict


def test_a_size_that_its_whole_numbers_are_not_for() -> None:
    """Averages over a whole map divide by its size, which whole weights hold; the float network takes any size."""
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    snn = convert(model, data=[torch.rand(4, 1, 8, 8)])
    result = energy(snn, [(torch.rand(2, 1, 12, 12), torch.tensor([0, 1]))], T=2)
    assert not [entry for entry in result.rows if entry.name.startswith("SNN W8")]
    assert [notice for notice in result.notices if notice.startswith("no SNN W8 beside it: ")]


def test_memory_of_known_spikes() -> None:
    """All memories are of the smallest size: 10 pJ for 64 bits, 5 for 32."""
    result = energy(*counted(), T=4, energy_model="memory")
    ann = {"macs": 12 * 4.6, "weights": (12 + 5) * 5, "activations": (12 + 5) * 5}
    snn = {
        "macs": 6 * 4.6,
        "acs": 6 * 0.9,
        "neurons": 3 * 4 * 0.9 + 3 * 0.9,
        "weights": (6 + 6 + 3 + 8) * 5,  # of products, of spikes, biases once and at 4 steps
        "potentials": 2 * (6 + 12) * 5,  # read and written: for each synapse, and for each neuron and step
        "activations": (6 + 3 + 3 * 4) * 5 + 2 * 3 * 5,  # encoder, its 3 results read at 4 steps, spikes
    }
    for name, expected in (("ANN FP32", ann), ("SNN, ", snn)):
        causes = {cause: mj / PJ for cause, mj in row(result, name).mJ_by_cause.items() if mj}
        assert causes == pytest.approx(expected)
        assert total(result, name) == pytest.approx(sum(expected.values()))


def test_conventions_of_known_spikes() -> None:
    """mmcv adds 5 biases and 3 ReLU outputs to the ANN; to the SNN 3 biases once, and 2 at each step."""
    result = energy(*counted(), T=4, convention="mmcv")
    assert row(result, "ANN FP32").macs == 12 + 5 + 3
    assert total(result, "ANN FP32") == pytest.approx(20 * 4.6)
    assert (row(result, "SNN, ").macs, row(result, "SNN, ").acs) == (9, 6 + 8)
    assert total(result, "SNN, ") == pytest.approx(9 * 4.6 + 14 * 0.9)


def test_rates_and_an_encoder_at_every_step() -> None:
    """3 spikes of 3 neurons in 4 steps: rate ¼, times 6 dense operations and 4 steps."""
    result = energy(*counted(), T=4, count="rate", encoder="per-step")
    assert (row(result, "SNN, ").macs, row(result, "SNN, ").acs) == (6 * 4, pytest.approx(3 / 12 * 6 * 4))
    biased = energy(*counted(), T=4, count="rate", convention="mmcv")
    assert row(biased, "SNN, ").acs == pytest.approx(3 / 12 * (6 + 2) * 4)


def test_the_verdict_when_the_spiking_network_loses() -> None:
    """At T = 40: 30 spikes a sample, 60 accumulations."""
    result = energy(*counted(), T=40)
    assert row(result, "SNN, ").acs == 2 * (40 + 20) / 2
    snn, ann = 6 * 4.6 + 60 * 0.9, 12 * 4.6
    assert total(result, "SNN, ") == pytest.approx(snn)
    assert snn > ann
    accuracy = row(result, "SNN, ").accuracy
    assert result.verdict.startswith(
        f"SNN, T=40: {accuracy:.2f} %, {snn:.1f} pJ: {snn / ann:.2f}× above ANN FP32 ({accuracy:.2f} %)"
    )
    assert "Least energy within 1 point of ANN FP32: ANN W4A4" in result.verdict


# the bundled network

SHAPES = {  # inputs, outputs, products of an output
    "stem.0": ((1, 28, 28), (32, 28, 28), 9),
    "conv1.0": ((32, 14, 14), (48, 14, 14), 32 * 9),
    "conv2.0": ((48, 7, 7), (80, 7, 7), 48 * 9),
    "conv3.0": ((80, 7, 7), (80, 7, 7), 80 * 9),
    "conv4": ((80, 7, 7), (80, 7, 7), 80 * 9),
    "linear": ((80,), (10,), 80),
}


def access(bits: int, values: int) -> float:
    size = values * bits / 8
    assert size < 2**20
    return bits / 64 * float(np.interp(size, [8192, 32768, 2**20], [10, 20, 100]))


def dense(weight_bits: int | None, bits: int, memory: bool) -> float:
    """The ANN's energy in pJ; the input has 8 bits where weights have less than 32."""
    energy = 0.0
    for name, (inputs, outputs, per_output) in SHAPES.items():
        macs, weights = prod(outputs) * per_output, outputs[0] * per_output
        into = bits if weight_bits is None or name != "stem.0" else 8
        wide = weight_bits or 32
        energy += macs * (4.6 if weight_bits is None else 0.2 * wide * into / 64 + 0.03 * into / 8)
        if memory:
            energy += macs * (access(wide, weights) + access(into, prod(inputs)))
            energy += prod(outputs) * (access(bits, prod(outputs)) + access(32, weights))  # written; biases read
    return energy


@pytest.mark.parametrize(
    ("name", "weight_bits", "bits"),
    [("ANN FP32", None, 32), ("ANN W8A8", 8, 8), ("ANN W4A4", 4, 4), ("ANN W8, 11 levels", 8, 4)],
)
@pytest.mark.parametrize("model", ["45nm", "memory"])
def test_the_bundled_ann_by_hand(
    model: str, name: str, weight_bits: int | None, bits: int, measured: dict[str, Energy]
) -> None:
    assert total(measured[model], name) == pytest.approx(dense(weight_bits, bits, model == "memory"))


def test_the_bundled_spiking_network_by_hand(measured: dict[str, Energy]) -> None:
    """From the operations that were counted: everything is read and written as the model says."""
    result = measured["memory"]
    T, site = 2, result.by_site
    read_by = {"conv1.0": "pool1", "conv2.0": "conv1.2", "conv3.0": "conv2.2", "conv4": "conv3.2", "linear": "relu4"}
    by_hand = 0.0
    for name, (inputs, outputs, per_output) in SHAPES.items():
        n, weights = prod(outputs), outputs[0] * per_output
        if name == "stem.0":
            macs = n * per_output
            by_hand += macs * (4.6 + access(32, weights) + access(32, prod(inputs))) + n * access(32, weights)
            by_hand += n * access(32, n) + T * n * access(32, prod(inputs))
            continue
        acs = site[read_by[name]]["synops"]
        by_hand += acs * (0.9 + access(32, weights) + 2 * access(32, n)) + T * n * access(32, weights)
    by_hand += T * 3920 * (4.6 + access(32, 1) + 2 * access(32, 3920))  # the quantum at the residual add
    for name, n in (("stem.2", 25088), ("conv1.2", 9408), ("conv2.2", 3920), ("conv3.2", 3920), ("relu4", 3920)):
        by_hand += T * n * (0.9 + 2 * access(32, n)) + site[name]["spikes"] * (0.9 + 2 * access(32, 1))
    by_hand += T * 25088 * (0.9 + 2 * access(32, 25088)) + site["pool1"]["spikes"] * (0.9 + 2 * access(32, 1))
    assert total(result, "SNN, ") == pytest.approx(by_hand)


def test_exact_is_no_more_than_rate(snn: SpikingNetwork, images: DataSource, measured: dict[str, Energy]) -> None:
    """Rate × dense × T is spikes per neuron × dense. At a corner a spike reaches 4 of a kernel's 9 places."""
    exact, rate = measured["45nm"], energy(snn, images, T=2, count="rate")
    for layer, source, macs in (("conv1.0", "pool1", 2709504), ("conv3.0", "conv2.2", 2822400)):
        site = rate.by_site[source]
        assert rate.by_layer[layer]["acs"] == pytest.approx(site["spikes"] / site["neurons"] * macs)
        assert 4 / 9 <= exact.by_layer[layer]["acs"] / rate.by_layer[layer]["acs"] <= 1


def test_tables_add_up(measured: dict[str, Energy]) -> None:
    for result in measured.values():
        snn = result.rows[-1]
        assert sum(layer["energy_mJ"] for layer in result.by_layer.values()) == pytest.approx(snn.energy_mJ)
        assert sum(site["synops"] for site in result.by_site.values()) == pytest.approx(snn.acs)
        for entry in result.rows:
            assert sum(entry.mJ_by_cause.values()) == pytest.approx(entry.energy_mJ)


def test_accuracies_are_those_of_the_networks(
    measured: dict[str, Energy], snn: SpikingNetwork, images: DataSource
) -> None:
    before, snn.T = snn.T, 2
    for name, network in (("ANN FP32", snn.ann), ("SNN, ", snn)):
        with torch.no_grad():
            hits = sum(int((network(x).argmax(1) == y).sum()) for x, y in images)
        assert row(measured["45nm"], name).accuracy == pytest.approx(100 * hits / len(images))
    snn.T = before
    assert [r.accuracy for r in measured["45nm"].rows] == [r.accuracy for r in measured["memory"].rows]


@pytest.mark.parametrize("build", [fashion_cnn, cifar_resnet20])
@pytest.mark.parametrize("convention", ["mac", "mac+bias", "fvcore-eval", "mmcv"])
def test_dense_counts_are_those_of_the_source_model(build: Callable[[], nn.Module], convention: str) -> None:
    """But for BatchNorm: folded, its elements go, and the convolutions before it get a bias."""
    shape = (1, 28, 28) if build is fashion_cnn else (3, 32, 32)
    model = build().eval()
    folded = dense_count(convert(model, data=[torch.rand(4, *shape)]), convention)
    source = count(model, shape, convention=convention)
    assert folded.quantities["mac"] == source.quantities["mac"]
    norms = source.quantities["norm"]
    gained = {"mac": 0, "mac+bias": norms, "fvcore-eval": -2 * norms, "mmcv": norms - 2 * norms}
    assert folded.ops == source.ops + gained[convention]


def test_kept_analog_layers_stay_floating_point(images: DataSource) -> None:
    """What reads an analog activation is FP32 in every row, and listed apart in the spiking one."""
    network = convert(fashion_cnn(pretrained=True), data=images, keep="conv3")
    result = energy(network, images, T=2)
    macs = 80 * 49 * 80 * 9  # conv4
    assert row(result, "ANN W8A8").macs == macs
    assert result.apart["analog_macs"] == 2 * macs
    assert result.rows[-1].macs == pytest.approx(sum(v for k, v in result.apart.items() if k.endswith("_macs")))


# files and errors


def test_reads_back_what_it_wrote(measured: dict[str, Energy], tmp_path: Path) -> None:
    result = measured["memory"]
    names = [path.name for path in result.save(tmp_path)]
    assert names == [f"energy.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert Energy.load(tmp_path).to_dict() == json.loads((tmp_path / "energy.json").read_text())
    assert Energy.load(tmp_path).rows == result.rows
    lines = (tmp_path / "energy.csv").read_text().splitlines()
    assert len(lines) == 1 + len(result.rows)
    assert lines[0].startswith("name,accuracy,macs,int_macs,acs,energy_mJ,of_ann,weight_bits,levels,mJ_macs")
    assert result.energy_model["memory"] == [[8192.0, 10.0], [32768.0, 20.0], [1048576.0, 100.0]]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"convention": "macs"}, "unknown convention"),
        ({"count": "rates"}, "count is out of range"),
        ({"encoder": "twice"}, "encoder is out of range"),
        ({"energy_model": "7nm"}, "unknown energy model"),
        ({"T": 0}, "time steps must be at least 1"),
    ],
)
def test_refuses(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        energy(*counted(), **options)


def test_refuses_data_without_labels() -> None:
    snn, batches = counted()
    with pytest.raises(InputError, match="no labels"):
        energy(snn, [batches[0][0]])
    with pytest.raises(InputError, match="label is out of range"):
        energy(snn, [(batches[0][0], torch.tensor([0, 2]))])
    with pytest.raises(InputError, match="test data is empty"):
        energy(snn, [])


def test_an_energy_model_that_prices_nothing(tmp_path: Path) -> None:
    keys = ("float_mac", "float_ac", "int8_multiply", "int8_add")
    (tmp_path / "free.toml").write_text('name = "free"\nsource = "none"\n' + "".join(f"{key} = 0\n" for key in keys))
    result = energy(*counted(), energy_model=tmp_path / "free.toml")
    assert all(entry.energy_mJ == 0 and entry.of_ann is None for entry in result.rows)
    assert "level with" in result.verdict
    result.save(tmp_path / "out")
