"""Tuning the bundled network: within the budget, nearer to the ANN than what it began with, and reproducible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.bench import sweep
from snnconv.data import open_data
from snnconv.models import fashion_cnn
from snnconv.tuning import Budget, Tuned, tune
from snnconv.tuning.refine import refined, worth
from snnconv.tuning.rounds import best
from snnconv.tuning.score import Score
from snnconv.tuning.split import split
from snnconv.tuning.trial import Candidate

QUICK: dict[str, Any] = {
    "T": (1, 2),
    "methods": "auto:cost=0.3,sdm-zero:beta=8",
    "calib_limit": 64,
    "choose_limit": 128,
}


def tuned(**options: Any) -> tuple[SpikingNetwork, Tuned]:
    data = open_data("fashion:train", limit=192)
    return tune(fashion_cnn(pretrained=True), data, **{**QUICK, **options})


@pytest.fixture(scope="module")
def found() -> tuple[SpikingNetwork, Tuned]:
    return tuned(budget_spikes=0.4)


def test_every_candidate_is_within_the_budget(found: tuple[SpikingNetwork, Tuned]) -> None:
    _, result = found
    assert all(trial.score.spikes_per_neuron <= 0.4 for trial in result.trials)
    assert max(trial.score.spikes_per_neuron for trial in result.trials) > 0.36  # and spends it
    assert {trial.T for trial in result.trials} == {1, 2}
    assert {trial.setting for trial in result.trials} == {"auto cost=0.3", "sdm-zero beta=8"}
    assert sum(trial.chosen for trial in result.trials) == 1


def test_the_network_is_the_one_that_was_chosen(found: tuple[SpikingNetwork, Tuned]) -> None:
    snn, result = found
    _, choice = split(open_data("fashion:train", limit=192), 64, 128)
    row = sweep(snn, choice, (result.chosen.T,)).rows[0]
    score = result.chosen.score
    assert snn.T == result.chosen.T
    assert row.spikes_per_neuron == pytest.approx(score.spikes_per_neuron)
    assert row.accuracy == pytest.approx(score.accuracy)
    assert [site.site for site in result.sites] == list(snn.sites)
    assert snn.plan.settings["threshold"] == "tuned"


def test_the_rule_of_choice(found: tuple[SpikingNetwork, Tuned]) -> None:
    _, result = found
    chosen, top = result.chosen.score, max((t.score for t in result.trials), key=lambda score: score.agreement)
    assert chosen.agreement >= top.agreement - top.uncertainty


@pytest.mark.slow
def test_the_same_seed_the_same_choice(found: tuple[SpikingNetwork, Tuned]) -> None:
    snn, result = found
    again, once_more = tuned(budget_spikes=0.4)
    assert [trial.score for trial in once_more.trials] == [trial.score for trial in result.trials]
    for (_, a), (_, b) in zip(snn.sites.items(), again.sites.items(), strict=True):
        assert torch.equal(a.theta, b.theta)


def test_saved_and_read_back(found: tuple[SpikingNetwork, Tuned], tmp_path: Path) -> None:
    snn, result = found
    files = result.save(tmp_path)
    assert [file.name for file in files] == ["tune.json", "tune.csv", "tune.png", "tune.svg"]
    assert Tuned.load(tmp_path) == result
    snn.save(tmp_path / "snn.pt2")
    x = torch.rand(2, 1, 28, 28)
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(x), snn(x))


def test_more_budget_is_nearer_to_the_ann() -> None:
    options: dict[str, Any] = {"correction": None, "refine": False, "T": (1,), "methods": "auto"}
    less, more = (tuned(budget_spikes=limit, **options)[1].chosen.score for limit in (0.2, 0.8))
    assert more.divergence < less.divergence
    assert 0.2 >= less.spikes_per_neuron > 0.18


def test_a_budget_of_energy() -> None:
    _, result = tuned(budget_energy=0.004, T=(1,), methods="mt:bits=8", refine=False, correction=None)
    assert result.chosen.score.energy <= 0.004
    assert result.chosen.score.energy > 0.0036


def test_refusals() -> None:
    with pytest.raises(InputError, match="no candidate fits the budget"):
        tuned(budget_energy=1e-9, T=(1,), methods="auto")
    with pytest.raises(InputError, match="separately for each T"):
        tuned(budget_spikes=1.0, methods="snnc-light:corrections=shift")
    with pytest.raises(InputError, match="too few samples"):
        tune(fashion_cnn(pretrained=True), open_data("fashion:train", limit=20), budget_spikes=1.0)
    with pytest.raises(InputError, match="correction"):
        tuned(budget_spikes=1.0, correction="prayer")


def test_data_in_two_parts() -> None:
    batches = [torch.arange(start, start + 50.0)[:, None] for start in range(0, 300, 50)]
    first, rest = split(batches, 120, 100)
    assert torch.cat([leaves[0] for leaves in first]).flatten().tolist() == list(range(120))
    assert torch.cat([leaves[0] for leaves, _ in rest]).flatten().tolist() == list(range(120, 220))
    first, rest = split(batches[:2], 512, 1000)  # fewer than wanted: half each
    assert (first.samples, sum(len(leaves[0]) for leaves, _ in rest)) == (50, 50)


def test_refining_moves_spikes_to_where_they_count() -> None:
    """Divergence Σ g_i·θ_i², cost Σ 1/θ_i: the site with the larger g becomes finer, the other coarser."""
    harm = {"a": 10.0, "b": 0.1}

    def measure(theta: Any) -> Score:
        divergence = sum(harm[name] * theta[name] ** 2 for name in harm)
        return Score(100, 90.0, divergence, None, sum(1 / theta[name] for name in harm), 1.0)

    even = {"a": 1.0, "b": 1.0}
    price = worth(measure, even, Budget("spikes", 2.0))
    assert price == pytest.approx(2 * 10.1 / 2, rel=0.05)  # −dD/dC along θ·k at k = 1
    moved = refined(measure, even, Budget("spikes", 2.0))
    assert moved["a"] < 1 < moved["b"]


def test_best_of_equals_is_the_least_divergent() -> None:
    family: Any = None  # the rule looks at scores alone

    def candidate(agreement: float, divergence: float) -> Candidate:
        return Candidate(family, 1, {}, score=Score(1000, agreement, divergence, None, 1.0, 1.0))

    close, top, far = candidate(97.9, 0.01), candidate(98.0, 0.02), candidate(96.0, 0.001)
    assert best([top, close, far]) is close
    assert best([top, far]) is top
