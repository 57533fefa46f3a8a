"""Energy models: published sums, prices by hand, memories of every size; and the files that users write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.cost.energy import (
    ENERGY_MODELS,
    Breakdown,
    Constants,
    EnergyModel,
    Precision,
    Workload,
    custom,
    energy_model,
)

KB = 1024
each = pytest.mark.parametrize("model", [ENERGY_MODELS[name] for name in ENERGY_MODELS], ids=lambda model: model.name)


def constants(name: str) -> Constants:
    model = energy_model(name)
    assert isinstance(model, Constants)
    return model


def test_45nm_gives_the_published_sums() -> None:
    """SVFormer: 0.9·20.760 + 4.6·0.700 = 21.904 mJ. ReSpike: (7.25 + 7.22)·4.6 + 1.93·0.9 = 68.30 mJ."""
    model = energy_model("45nm")
    svformer = model.price(Workload("", macs=0.70006e9)) + model.price(Workload("", acs=20.760e9))
    assert svformer.total * 1e-9 == pytest.approx(21.904, abs=5e-4)
    respike = model.price(Workload("", macs=(7.25 + 7.22) * 1e9)) + model.price(Workload("", acs=1.93e9))
    assert respike.total * 1e-9 == pytest.approx(68.30, abs=5e-3)


@pytest.mark.parametrize(
    ("weight_bits", "input_bits", "pj"),
    [(8, 8, 0.2 + 0.03), (4, 4, 0.2 / 4 + 0.03 / 2), (8, 5, 0.2 * 5 / 8 + 0.03 * 5 / 8), (2, 8, 0.2 / 4 + 0.03)],
)
def test_integer_products(weight_bits: int, input_bits: int, pj: float) -> None:
    load = Workload("", macs=1000, precision=Precision(weight_bits, input_bits, 8))
    assert energy_model("45nm").price(load) == Breakdown(macs=pytest.approx(1000 * pj))


def test_45nm_prices_operations_alone() -> None:
    idle = Workload(
        "", bias_adds=5, neuron_updates=7, pool_updates=3, spikes=2, reads=11, writes=13, weights=9, outputs=9
    )
    assert energy_model("45nm").price(idle) == Breakdown()


def test_what_the_convention_adds_costs_a_product_or_an_accumulation() -> None:
    model = energy_model("45nm")
    assert model.price(Workload("", macs=10, extra=2)).biases == pytest.approx(2 * 4.6)
    assert model.price(Workload("", acs=10, extra=2)).biases == pytest.approx(2 * 0.9)
    assert model.price(Workload("", acs=0, extra=2)).biases == pytest.approx(2 * 0.9)  # no spike came
    whole = Precision(8, 8, 8)
    assert model.price(Workload("", acs=10, extra=2, precision=whole)).total == pytest.approx(12 * 0.03)


@pytest.mark.parametrize(
    ("size", "pj"),
    [
        (1, 10),
        (8 * KB, 10),
        (20 * KB, 15),  # halfway from 8 to 32 kB
        (32 * KB, 20),
        (528 * KB, 60),  # halfway from 32 kB to 1 MB
        (1024 * KB, 100),
        (2016 * KB, 180),  # as far beyond 1 MB as that is beyond 32 kB
        (10**9, 1300),
    ],
)
def test_access_energy_by_memory_size(size: int, pj: float) -> None:
    assert constants("memory").word(size) == pytest.approx(pj)
    assert constants("memory").access(8, size) == pytest.approx(pj / 8)


def test_memory_prices_every_cause() -> None:
    """10 pJ for 64 bits in the smallest memory: 5 pJ for 32 bits, 1.25 for 8, 0.625 for 4."""
    load = Workload(
        "", macs=10, acs=20, bias_adds=3, neuron_updates=4, pool_updates=5, spikes=6, reads=10, writes=2,
        weights=7, inputs=8, outputs=9,
    )  # fmt: skip
    assert energy_model("memory").price(load).by_cause == pytest.approx(
        {
            "macs": 46,
            "acs": 18,
            "biases": 0,
            "neurons": (4 + 6 + 5) * 0.9,
            "weights": 30 * 5 + 3 * 5,
            "potentials": 2 * (20 + 4 + 5) * 5,
            "activations": 12 * 5 + 2 * 6 * 5,
        }
    )
    dense = Workload("", macs=10, reads=10, writes=2, weights=7, inputs=8, outputs=9, precision=Precision(4, 8, 4))
    price = energy_model("memory").price(dense)
    assert (price.weights, price.activations) == pytest.approx((10 * 0.625, 10 * 1.25 + 2 * 0.625))


@each
def test_nothing_costs_nothing_and_costs_add_up(model: EnergyModel) -> None:
    one, two = (
        Workload("a", macs=3, acs=4, weights=10, outputs=10),
        Workload("b", neuron_updates=5, spikes=6, outputs=10),
    )
    assert model.price(Workload("")).total == 0
    assert model.total([]) == Breakdown()
    assert model.total([one, two]).total == pytest.approx(model.price(one).total + model.price(two).total)
    assert model.name in ENERGY_MODELS
    assert model.source


@each
def test_fewer_bits_never_cost_more(model: EnergyModel) -> None:
    size = {"weights": 10**6, "inputs": 10**5, "outputs": 10**5}
    costs = [
        model.price(Workload("", macs=1e6, reads=1e6, writes=1e3, precision=Precision(bits, bits, bits), **size)).total
        for bits in (2, 3, 4, 6, 8)
    ]
    assert costs == sorted(costs)
    assert costs[-1] < model.price(Workload("", macs=1e6, reads=1e6, writes=1e3, **size)).total


# files

MINE = {"name": "mine", "source": "ours", "float_mac": 2, "float_ac": 0.5, "int8_multiply": 0.1, "int8_add": 0.01}


def written(path: Path, document: object) -> Path:
    """The document as JSON, or as TOML, whose values look the same."""
    if path.suffix == ".json" or not isinstance(document, dict):
        path.write_text(json.dumps(document))
    else:
        path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in document.items()))
    return path


@pytest.mark.parametrize("name", ["mine.toml", "mine.json"])
def test_a_file_of_constants(name: str, tmp_path: Path) -> None:
    memory = {"memory": [[1000, 4], [3000, 8]], "dram": 9, "spike_bits": 16, "neuron_update": 0.25}
    model = energy_model(written(tmp_path / name, MINE | memory))
    price = model.price(Workload("", macs=3, acs=4, weights=500, outputs=1, neuron_updates=2, spikes=5))
    assert price.by_cause == pytest.approx(
        {
            "macs": 6,
            "acs": 2,
            "biases": 0,
            "neurons": 0.5,
            "weights": 7 * 6 / 2,  # 2,000 bytes: 6 pJ for 64 bits
            "potentials": 2 * 6 * 4 / 2,
            "activations": 2 * 5 * 4 / 4,
        }
    )
    assert energy_model(str(tmp_path / name)) == model


def test_the_documented_example_is_a_model(tmp_path: Path) -> None:
    text = str(custom.__doc__)
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    (tmp_path / "mychip.toml").write_text("\n".join(lines))
    model = energy_model(tmp_path / "mychip.toml")
    assert isinstance(model, Constants)
    assert (model.name, model.word(8192), model.dram) == ("mychip", 4.0, 640.0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"float_mca": 1}, "unknown keys: float_mca"),
        ({"float_mac": None}, "lacks constants: float_mac"),
        ({"float_mac": "4.6"}, r"where: float_mac in"),
        ({"float_mac": -1}, r"where: float_mac in"),
        ({"float_mac": 10**400}, "more than 64 bits"),
        ({"float_mac": True}, r"where: float_mac in"),
        ({"name": ""}, r"where: name in"),
        ({"spike_bits": 1.5}, r"where: spike_bits in"),
        ({"spike_bits": 0}, r"where: spike_bits in"),
        ({"memory": [[10, 1], [10, 2]], "dram": 1}, "memory do not increase"),
        ({"memory": [10, 1], "dram": 1}, r"where: memory\[0\] in"),
        ({"memory": [[10, 1]]}, "lacks dram"),
    ],
)
@pytest.mark.parametrize("name", ["mine.toml", "mine.json"])
def test_refuses_constants(change: dict[str, object], problem: str, name: str, tmp_path: Path) -> None:
    document = {key: value for key, value in (MINE | change).items() if value is not None}
    path = written(tmp_path / name, document)
    with pytest.raises(InputError, match=problem) as caught:
        energy_model(path)
    assert str(path) in str(caught.value)


def test_refuses_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'memory'"):
        energy_model("memry")
    with pytest.raises(InputError, match="cannot read the energy model"):
        energy_model(tmp_path / "missing.toml")
    for name, text in (("a.toml", "float_mac = "), ("a.json", "{"), ("b.json", "NaN,")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="not valid"):
            energy_model(tmp_path / name)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid TOML"):
        energy_model(tmp_path / "binary.toml")
    with pytest.raises(InputError, match="no table of constants"):
        energy_model(written(tmp_path / "list.json", [1, 2]))
    (tmp_path / "model.yaml").write_text("float_mac: 1")
    with pytest.raises(InputError, match=r"a \.toml or \.json file"):
        energy_model(tmp_path / "model.yaml")
    with pytest.raises(InputError, match=r"where: float_mac in"):
        energy_model(written(tmp_path / "inf.json", MINE | {"float_mac": float("inf")}))
