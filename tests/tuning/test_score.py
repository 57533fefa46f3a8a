"""Scores against the definitions, and costs against those of a sweep."""

from __future__ import annotations

import pytest
import torch

from snnconv import SpikingNetwork
from snnconv.bench import sweep
from snnconv.cost.energy import energy_model
from snnconv.data import DataSource, batch_inputs, batch_labels
from snnconv.tuning.score import Judge, Score


@pytest.fixture(scope="module")
def judge(snn: SpikingNetwork, images: DataSource) -> Judge:
    batches = [(batch_inputs(batch), batch_labels(batch)) for batch in images]
    return Judge(snn, batches, energy_model("45nm"))


def test_definitions(judge: Judge, snn: SpikingNetwork, images: DataSource) -> None:
    found = judge.score(snn, 2)
    agreed, divergence, right, count = 0, 0.0, 0, 0
    for batch in images:
        (x,), y = batch_inputs(batch), batch_labels(batch)
        assert y is not None
        with torch.no_grad():
            p = snn.ann(x).double().softmax(1)
        q = snn.run(x, T=2).logits[-1].double().softmax(1)
        agreed += int((p.argmax(1) == q.argmax(1)).sum())
        divergence += float((p * (p / q).log()).sum())
        right += int((q.argmax(1) == y).sum())
        count += len(y)
    assert found.samples == count == judge.samples
    assert found.agreement == pytest.approx(100 * agreed / count)
    assert found.divergence == pytest.approx(divergence / count, rel=1e-6)
    assert found.accuracy == pytest.approx(100 * right / count)


def test_costs_are_those_of_a_sweep(judge: Judge, snn: SpikingNetwork, images: DataSource) -> None:
    found = judge.score(snn, 2)
    row = sweep(snn, images, (2,)).rows[0]
    assert (found.spikes_per_neuron, found.energy) == pytest.approx((row.spikes_per_neuron, row.energy))
    assert found.accuracy == pytest.approx(row.accuracy)


def test_without_labels(judge: Judge, snn: SpikingNetwork, images: DataSource) -> None:
    batches = [(batch_inputs(batch), None) for batch in images]
    bare = Judge(snn, batches, energy_model("45nm")).score(snn, 1)
    known = judge.score(snn, 1)
    assert bare.accuracy is None
    assert (bare.agreement, bare.divergence) == (known.agreement, known.divergence)


def test_the_first_samples(judge: Judge) -> None:
    assert judge.first(1).samples == judge.first(60).samples == 60
    assert judge.first(61).samples == 120
    assert judge.first(10**6).samples == judge.samples


def test_a_standard_error_is_never_nothing() -> None:
    half, all_of = (Score(100, agreement, 0.0, None, 1.0, 1.0).uncertainty for agreement in (50.0, 100.0))
    assert half == pytest.approx(5.0)
    assert 0 < all_of < 1
