"""Measurements at other sizes than that of the conversion, and over data of several: costs are those of each sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.bench._diagnose import diagnose
from snnconv.bench._latency import latency
from snnconv.bench._sweep import Sweep, sweep
from snnconv.convert.build import build
from snnconv.cost.energy import Energy, energy
from snnconv.data import DataSource, open_data
from snnconv.errors import InputError
from snnconv.network import SpikingNetwork
from snnconv.reports._measure import measure as measured

HERE, SMALL, LARGE = (16, 16), (8, 10), (20, 14)  # of the conversion, and of the data
SAMPLES = {SMALL: 5, LARGE: 3}
STEPS = (1, 3)


class Net(nn.Module):
    """Layers on spikes, on averaged spikes and behind a gate."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 4, 1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.b(F.max_pool2d(F.relu(self.a(x)), 2)))
        return self.fc((x * self.c(x).sigmoid()).mean((2, 3)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], Path]:
    folder, random = tmp_path_factory.mktemp("sizes"), np.random.default_rng(0)
    found = {}
    for size, count in SAMPLES.items():
        found[size] = folder / f"{size[0]}.npz"
        np.savez(found[size], x=random.integers(0, 256, (count, *size, 3), dtype=np.uint8), y=np.arange(count) % 2)
    return found


@pytest.fixture(scope="module")
def data(files: dict[tuple[int, int], Path]) -> Callable[..., DataSource]:
    """By size; all of them where none is given."""
    return lambda *sizes: open_data("npz:" + ",".join(str(files[s]) for s in sizes or SAMPLES), batch_size=2)


@pytest.fixture(scope="module")
def snn() -> SpikingNetwork:
    return converted(HERE)


def converted(size: tuple[int, int], method: str = "sdm") -> SpikingNetwork:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(8, 3, *size, generator=generator)
    return snnconv.convert(Net().eval(), 3, data=[x], method=method, threshold="max")


def at(size: tuple[int, int], snn: SpikingNetwork) -> SpikingNetwork:
    """Converted for that size, with the same thresholds."""
    there = converted(size)
    return build(there.ann, replace(there.plan, sites=snn.plan.sites))


MEASURES: dict[str, Callable[[SpikingNetwork, DataSource], Sweep | Energy]] = {
    "sweep": lambda snn, data: sweep(snn, data, STEPS, energy_model="memory"),
    "energy": lambda snn, data: energy(snn, data, T=3, energy_model="memory", convention="mmcv"),
    "rate": lambda snn, data: energy(snn, data, T=3, count="rate", encoder="per-step"),
}


@pytest.mark.parametrize("name", MEASURES)
def test_at_another_size_as_a_conversion_for_it(
    name: str, snn: SpikingNetwork, data: Callable[..., DataSource]
) -> None:
    ours, theirs = (MEASURES[name](network, data(LARGE)).to_dict() for network in (snn, at(LARGE, snn)))
    if name != "sweep":  # whole weights hold the size that averages divide by: no SNN W8 at another, with a notice
        assert [notice for notice in ours["notices"] if notice.startswith("no SNN W8 beside it")]
        theirs["rows"] = [row for row in theirs["rows"] if not row["name"].startswith("SNN W8")]
        ours["verdict"] = theirs["verdict"] = ""
    for part in ("rows", "baselines", "apart", "by_layer", "by_site", "unsupported", "verdict"):
        assert ours.get(part) == theirs.get(part), part
    if name == "sweep":
        assert [(c["neurons"], c["site_rates"]) for c in ours["curves"]] == [
            (c["neurons"], c["site_rates"]) for c in theirs["curves"]
        ]


def weighted(values: dict[tuple[int, int], float]) -> float:
    return sum(value * SAMPLES[size] for size, value in values.items()) / sum(SAMPLES.values())


@pytest.fixture(scope="module")
def swept(snn: SpikingNetwork, data: Callable[..., DataSource]) -> Sweep:
    return sweep(snn, data(), STEPS, energy_model="memory")


def test_a_sweep_over_several_sizes_is_the_mean_over_all_samples(
    snn: SpikingNetwork, data: Callable[..., DataSource], swept: Sweep
) -> None:
    alone = {size: sweep(snn, data(size), STEPS, energy_model="memory") for size in SAMPLES}
    for place, row in enumerate(swept.rows):
        for name in ("accuracy", "spikes", "synops", "macs", "energy"):
            wanted = weighted({size: getattr(one.rows[place], name) for size, one in alone.items()})
            assert getattr(row, name) == pytest.approx(wanted, rel=1e-12), name
        assert row.spikes_per_neuron == pytest.approx(row.spikes / swept.curves[0].neurons)
    (curve,) = swept.curves
    assert curve.samples == swept.samples == sum(SAMPLES.values())
    assert curve.neurons == weighted({size: one.curves[0].neurons for size, one in alone.items()})
    for place, baseline in enumerate(swept.baselines):
        for name in ("accuracy", "energy", "ops"):
            wanted = weighted({size: getattr(one.baselines[place], name) for size, one in alone.items()})
            assert getattr(baseline, name) == pytest.approx(wanted, rel=1e-12), name


@pytest.mark.parametrize("count", ["exact", "rate"])
def test_energy_over_several_sizes_is_the_mean_over_all_samples(
    count: str, snn: SpikingNetwork, data: Callable[..., DataSource]
) -> None:
    options = {"T": 3, "energy_model": "memory", "count": count}
    mixed = energy(snn, data(), **options)
    alone = {size: energy(snn, data(size), **options) for size in SAMPLES}
    for place, row in enumerate(mixed.rows):
        for name in ("accuracy", "macs", "int_macs", "acs", "energy_mJ"):
            wanted = weighted({size: getattr(one.rows[place], name) for size, one in alone.items()})
            assert getattr(row, name) == pytest.approx(wanted, rel=1e-12), name
        assert row.energy_mJ == pytest.approx(sum(row.mJ_by_cause.values()))
        assert row.of_ann == pytest.approx(row.energy_mJ / mixed.rows[0].energy_mJ)
    for part in ("by_layer", "by_site"):
        for place, found in getattr(mixed, part).items():
            for name, value in found.items():
                wanted = weighted({size: getattr(one, part)[place][name] for size, one in alone.items()})
                assert value == pytest.approx(wanted, rel=1e-12), (place, name)
    assert mixed.samples == sum(SAMPLES.values())


def test_a_resumed_sweep_over_several_sizes_is_the_same_to_the_byte(
    snn: SpikingNetwork, data: Callable[..., DataSource], swept: Sweep, tmp_path: Path
) -> None:
    """Killed behind the line of the second size; and with the lines of both lost, so that all is counted again."""
    sweep(snn, data(), STEPS, folder=tmp_path, energy_model="memory")
    journal = tmp_path / "sweep.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    told = [place for place, line in enumerate(lines) if '"wired"' in line]
    assert len(told) == len(SAMPLES)
    for kept in (lines[: told[1] + 1], [line for line in lines if '"wired"' not in line]):
        journal.write_text("".join(kept))
        again = sweep(snn, data(), STEPS, folder=tmp_path, energy_model="memory")
        assert (again.rows, again.curves, again.baselines) == (swept.rows, swept.curves, swept.baselines)


def test_latency_and_diagnosis(snn: SpikingNetwork, data: Callable[..., DataSource]) -> None:
    assert latency(snn, data(), T=3).samples == sum(SAMPLES.values())
    ours, theirs = (diagnose(network, data(LARGE)) for network in (snn, at(LARGE, snn)))
    assert list(map(asdict, ours.sites)) == list(map(asdict, theirs.sites))
    with pytest.raises(InputError, match=r"a diagnosis[\s\S]*takes samples of one size[\s\S]*remedy"):
        diagnose(snn, [torch.rand(2, 3, *size) for size in SAMPLES])


def test_a_report_over_several_sizes_has_no_diagnosis(
    snn: SpikingNetwork, data: Callable[..., DataSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(import_module("snnconv.reports._measure"), "heat_maps", lambda *_: None)
    measured({"sdm": snn}, data(), [1], tmp_path)
    assert {path.stem for path in tmp_path.glob("*.json")} == {"sweep", "energy", "latency"}
    assert "no diagnosis" in caplog.text


def test_values_for_single_neurons_take_one_size(data: Callable[..., DataSource]) -> None:
    fixed = converted(SMALL, "snm")
    assert sweep(fixed, data(SMALL), [1]).samples == SAMPLES[SMALL]
    for measure in MEASURES.values():
        with pytest.raises(InputError, match=r"of a size that the network does not take[\s\S]*a threshold for every"):
            measure(fixed, data())
