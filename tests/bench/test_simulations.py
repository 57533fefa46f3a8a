"""Sweeps of methods with warm-up, and of those that are set up for a T, against a conversion and a run of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Row, Sweep, grid, sweep
from snnconv.bench.simulations import simulations
from snnconv.cost.energy import energy_model
from snnconv.cost.energy.converted import spiking_loads
from snnconv.cost.synops import Counts, SynapticOperations, wiring, work_of
from snnconv.data import DataSource, open_data
from snnconv.models import fashion_cnn
from snnconv.reports.sections.sweep import sweep_section

STEPS = (1, 3)
METHODS = "srp,rts,snnc-light,cos:rho=2,if"


def train() -> DataSource:
    return open_data("fashion:train", limit=32)


@pytest.fixture(scope="module")
def few() -> DataSource:
    """Two batches."""
    return open_data("fashion:test", batch_size=12, limit=20)


@pytest.fixture(scope="module")
def result(few: DataSource) -> Sweep:
    return sweep(grid(fashion_cnn(pretrained=True), METHODS, max(STEPS), data=train()), few, STEPS)


def measured(snn: SpikingNetwork, data: DataSource, T: int) -> dict[str, Any]:
    """What a run of T steps gives, counted over all that it simulates."""
    operations, counts, correct, spikes, samples = SynapticOperations(snn), Counts(), 0, 0, 0
    for x, y in data:
        with operations:
            run = snn.run(x, T=T)
        correct += int((run.logits[-1].argmax(1) == y).sum())
        spikes += sum(int(fired.sum()) for fired in run.spikes.values())
        counts, samples = counts + operations.counts, samples + len(y)
    simulated = {len(fired) for fired in counts.events.values()}
    synops = sum(int(steps.sum()) for steps in counts.operations.values())
    wired = wiring(snn)
    loads = spiking_loads(wired, work_of(wired, counts, samples))
    return {
        "accuracy": 100 * correct / samples,
        "spikes": spikes / samples,
        "synops": synops / samples,
        "energy": energy_model("45nm").total(loads).total * 1e-9,
        "latency": simulated.pop(),
    }


@pytest.mark.parametrize("method", ["srp", "rts", "snnc-light", "cos", "if"])
@pytest.mark.parametrize("T", STEPS)
def test_a_row_is_a_conversion_and_a_run(method: str, T: int, result: Sweep, few: DataSource) -> None:
    options: dict[str, Any] = {"rho": 2} if method == "cos" else {}
    label = "cos rho=2" if method == "cos" else method
    snn = convert(fashion_cnn(pretrained=True), T, data=train(), method=method, **options)
    (row,) = (row for row in result.rows_of(label) if row.T == T)
    expected = measured(snn, few, T)
    for name, value in expected.items():
        assert getattr(row, name) == pytest.approx(value), name
    assert row.latency == T + {"srp": 4, "cos": 2}.get(method, 0)
    assert row.spikes_per_neuron * sum(wiring(snn).neurons.values()) == pytest.approx(row.spikes)


def test_what_is_set_up_differs_between_T(few: DataSource) -> None:
    """The test above could not tell if one network stood for all T unless their runs differ."""
    model = fashion_cnn(pretrained=True)
    for method in ("rts", "snnc-light"):
        short, long = (convert(model, T, data=train(), method=method) for T in STEPS)
        assert measured(short, few, 1)["spikes"] != measured(long, few, 1)["spikes"]


def test_the_warm_up_has_spikes(result: Sweep, few: DataSource) -> None:
    """srp is an IF network in its warm-up: T = 1 of srp has at least the spikes of 4 steps of IF neurons."""
    model = fashion_cnn(pretrained=True)
    plain = sweep(convert(model, data=train(), method="if"), few, [4]).rows[0].spikes
    assert result.rows_of("srp")[0].spikes >= plain > 0


def test_curves_tell_how_they_were_run(result: Sweep) -> None:
    assert [curve.setting for curve in result.curves] == ["srp", "rts", "snnc-light", "cos rho=2", "if"]
    assert [curve.settings.get("at_T") for curve in result.curves] == [None, [1, 3], [1, 3], None, None]
    assert [(row.setting, row.T) for row in result.rows] == [(c.setting, t) for c in result.curves for t in STEPS]
    for curve in result.curves:
        assert len(curve.notices) == len(set(curve.notices))
        row = result.rows_of(curve.setting)[-1]
        rates = sum(rate for rate in curve.site_rates.values())
        assert rates > 0
        assert min(curve.site_rates.values()) * row.latency <= row.spikes_per_neuron
        assert max(curve.site_rates.values()) * row.latency >= row.spikes_per_neuron
    told = sweep_section(result).figures[0].caption
    assert "rts, snnc-light: converted and run for every T" in told


def test_the_quantised_ann_is_measured_once(few: DataSource) -> None:
    """Though rts, the only setting, is measured as two networks."""
    networks = grid(fashion_cnn(pretrained=True), "rts", max(STEPS), data=train())
    swept = sweep(networks, few, STEPS)
    assert [baseline.name for baseline in swept.baselines] == ["ANN FP32", "ANN W8A8", "ANN W4A4"]
    alone = sweep(convert(fashion_cnn(pretrained=True), max(STEPS), data=train(), method="rts"), few, [3])
    assert swept.baselines == alone.baselines


def test_it_resumes_with_every_network_of_a_setting(few: DataSource, tmp_path: Path) -> None:
    """Without the lines of rts at T = 3 only that network is made again; the results are the same."""
    model, made = fashion_cnn(pretrained=True), list[tuple[str, int]]()
    networks = grid(model, "srp,rts", max(STEPS), data=train())
    inner = networks._make

    def make(setting: Any, T: int) -> SpikingNetwork:
        made.append((setting.method, T))
        return inner(setting, T)

    networks._make = make
    first = sweep(networks, few, STEPS, folder=tmp_path)
    assert made == [("srp", 3), ("rts", 1), ("rts", 3)]
    journal = tmp_path / "sweep.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"rts set up for T=3"' not in line]
    assert len(lines) - len(kept) == 4  # a conversion, its size and two batches
    journal.write_text("".join(kept))
    made.clear()
    again = sweep(networks, few, STEPS, folder=tmp_path)
    assert made == [("rts", 3)]
    assert {**again.to_dict(), "provenance": None} == {**first.to_dict(), "provenance": None}
    assert Sweep.load(tmp_path).rows == again.rows


def test_a_network_made_elsewhere_is_measured_as_it_is(few: DataSource) -> None:
    """Nothing can convert it again; the result says so. At the T that it was set up for there is nothing to say."""
    snn = convert(fashion_cnn(pretrained=True), 3, data=train(), method="rts")
    other, own = sweep(snn, few, STEPS).curves[0], sweep(snn, few, [3]).curves[0]
    assert any("set up for T = 3" in notice for notice in other.notices)
    assert not any("set up for" in notice for notice in own.notices)


def test_results_without_latency_are_read() -> None:
    """Files of earlier versions: their rows had no warm-up."""
    assert Row("if", 4, 90.0, 1.0, 10.0).latency == 4


def test_a_T_below_one_is_refused() -> None:
    networks = grid(fashion_cnn(), "rts", 2, data=[torch.rand(2, 1, 28, 28)])
    with pytest.raises(InputError, match="T is out of range"):
        networks.maker("rts", 0)()


@pytest.mark.parametrize("threshold", ["mse", "clip-floor", "learned else mse"])
def test_thresholds_that_depend_on_T_are_set_for_every_T(threshold: str, few: DataSource) -> None:
    """Each row is that of a conversion for its own T; for another one it is not."""
    model = fashion_cnn(pretrained=True)
    networks = grid(model, "if", 8, data=train(), threshold=threshold)
    assert [simulation.steps for simulation in simulations(networks, (1, 8))] == [(1,), (8,)]
    result = sweep(networks, few, (1, 8))
    for row in result.rows:
        snn = convert(model, row.T, data=train(), method="if", threshold=threshold)
        assert row.spikes == pytest.approx(measured(snn, few, row.T)["spikes"])
    long = convert(model, 8, data=train(), method="if", threshold=threshold)
    assert result.rows[0].spikes != pytest.approx(measured(long, few, 1)["spikes"])
    assert result.curves[0].settings["at_T"] == [1, 8]
    assert not any("set up for" in notice for notice in result.curves[0].notices)


def test_a_rule_given_in_the_grid_decides() -> None:
    """Also for one method among several; the others run once."""
    networks = grid(fashion_cnn(), "if:threshold=mse,sdm,snnc-light:threshold=max", 4, data=[torch.rand(2, 1, 28, 28)])
    assert [(s.setting.split()[0], s.steps) for s in simulations(networks, STEPS)] == [
        ("if", (1,)), ("if", (3,)), ("sdm", (1, 3)), ("snnc-light", (1,)), ("snnc-light", (3,)),
    ]  # fmt: skip
