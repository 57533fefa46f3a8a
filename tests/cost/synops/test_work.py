"""What one sample costs: closed forms, prefixes in time, both ways of counting, and bad input."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError
from snnconv.cost.synops import Connectivity, Counts, OperationTotals, SynapticOperations, wiring, work_of

from ...networks import ResidualNet, SmallCNN
from .networks import Inception

T, SAMPLES = 4, 5


def measured(model: nn.Module, shape: tuple[int, ...] = (2, 6, 6)) -> tuple[Connectivity, Counts]:
    x = torch.randn(SAMPLES, *shape)
    snn = snnconv.convert(model.eval(), T, data=[x])
    ops = SynapticOperations(snn)
    with ops:
        snn.run(x)
    return ops.wiring, ops.counts


def every_neuron_fires(found: Connectivity, steps: int, samples: int) -> Counts:
    """One spike of every neuron in every step."""
    each = torch.full((steps,), samples)
    operations = {(s.source, s.layer): each * int(s.fan_out.sum()) for s in found.synapses}
    return Counts(operations, {name: each * source.neurons for name, source in found.sources.items()})


def unpadded() -> Connectivity:
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))
    return wiring(snnconv.convert(model.eval(), data=[torch.randn(4, 2, 6, 6)]))


@pytest.mark.parametrize("count", ["exact", "rate"])
def test_a_full_rate_costs_the_dense_network(count: str) -> None:
    """A rate of 1 through unpadded layers: T times the MACs of every layer but the encoder."""
    found = unpadded()
    work = work_of(found, every_neuron_fires(found, T, SAMPLES), SAMPLES, count=count)  # type: ignore[arg-type]
    macs = {"2": 4 * 16 * 27, "5": 320}
    assert work.by_layer == {name: T * amount for name, amount in macs.items()}
    assert work.by_site == {"1": T * macs["2"], "3": T * macs["5"]}
    assert work.acs == T * sum(macs.values())
    assert work.spikes == T * (3 * 36 + 4 * 16)
    assert work.neuron_updates == work.spikes
    assert [(layer.name, layer.reads, layer.dense) for layer in work.layers] == [
        ("0", "constant", 3 * 36 * 2), ("2", "spikes", macs["2"]), ("5", "spikes", macs["5"])
    ]  # fmt: skip


def test_rate_is_independent_of_borders() -> None:
    """Dense operations count the taps on zero padding, exact ones do not; so exact is less at full rate."""
    found, _ = measured(ResidualNet())
    counts = every_neuron_fires(found, T, SAMPLES)
    exact, rate = (work_of(found, counts, SAMPLES, count=mode).by_layer for mode in ("exact", "rate"))
    assert rate["same"] == T * 4 * 36 * 36
    # Of 3 taps per dimension at 6 places, 2 fall off: 16 of 18.
    assert exact["same"] == T * 4 * 4 * 16 * 16


def test_rate_of_a_concatenation_is_the_mean_of_its_channels() -> None:
    """3, 4 and 3 channels that fire 1, 0 and 2 events a step: (3 + 6) / 10 of the dense operations."""
    found, _ = measured(Inception())
    rates = {"relu1": 1, "relu2": 0, "maximum": 2}
    events = {
        name: torch.full((T,), rates.get(name, 0) * SAMPLES * source.neurons) for name, source in found.sources.items()
    }
    work = work_of(found, Counts({}, events), SAMPLES, count="rate")
    assert work.by_layer["mixed"] == pytest.approx(T * 0.9 * found.layers["mixed"].macs)
    assert work.by_layer["fc"] == 0


def test_conventions_with_biases_weigh_them_by_the_rate() -> None:
    found = unpadded()
    counts = every_neuron_fires(found, T, SAMPLES)
    plain = work_of(found, counts, SAMPLES, count="rate").by_layer
    biased = work_of(found, counts, SAMPLES, count="rate", convention="mac+bias").by_layer
    mmcv = work_of(found, counts, SAMPLES, count="rate", convention="mmcv").by_layer
    assert biased == {"2": plain["2"] + T * 4 * 16, "5": plain["5"]}
    assert mmcv == {"2": plain["2"] + T * 4 * 16, "5": plain["5"] + T * 5}


def test_what_is_listed_beside() -> None:
    found, counts = measured(SmallCNN())
    work = work_of(found, counts, SAMPLES)
    conv1 = 4 * 36 * 2 * 9
    assert (work.encoder_macs, work.analog_macs, work.macs) == (conv1, 0, conv1)
    assert work.bias_adds == 4 * 36 + T * (6 * 9 + 3)
    assert work.neuron_updates == T * (4 * 36 + 6 * 9)
    assert work.pool_updates == T * 4 * 36
    assert set(work.by_site) == {"relu1", "pool1", "relu2"}
    assert work.by_site["relu1"] == 0  # its spikes go to the pooling alone
    per_step = work_of(found, counts, SAMPLES, encoder="per-step")
    assert per_step.encoder_macs == T * conv1
    assert per_step.bias_adds == T * (4 * 36 + 6 * 9 + 3)
    assert per_step.acs == work.acs


def test_residuals_cost_at_every_step() -> None:
    found, counts = measured(ResidualNet())
    work = work_of(found, counts, SAMPLES, 3)
    assert work.residual_macs == 3 * 4 * 36
    assert work.macs == work.encoder_macs + work.residual_macs


def test_prefixes_are_shorter_runs() -> None:
    model, x = Inception().eval(), torch.randn(SAMPLES, 2, 6, 6)
    snn = snnconv.convert(model, data=[x])
    ops = SynapticOperations(snn)
    works: list[OperationTotals] = []
    for steps in (2, 6):
        with ops:
            snn.run(x, steps)
        works.append(work_of(ops.wiring, ops.counts, SAMPLES, 2))
    assert works[0] == works[1]
    assert works[0].steps == 2


@pytest.mark.parametrize(("samples", "steps"), [(0, 1), (5, 0), (5, 5)])
def test_bad_input(samples: int, steps: int) -> None:
    found, counts = measured(SmallCNN())
    with pytest.raises(InputError, match=f"1 to {T} steps"):
        work_of(found, counts, samples, steps)
