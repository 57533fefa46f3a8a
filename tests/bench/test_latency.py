"""Latency against direct evaluation and plain loops, and arrival on curves made by hand."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Latency, latency, sweep
from snnconv.bench._latency import CONFIDENCES, Step, arrival, verdict
from snnconv.bench.early_exit import ExitSums
from snnconv.data import DataSource

T = 8


@pytest.fixture(scope="module")
def measured(snn: SpikingNetwork, images: DataSource) -> Latency:
    return latency(snn, images, T=T)


# arrival, by hand


@pytest.mark.parametrize(
    ("correct", "wanted", "expected"),
    [
        ([50, 90, 91, 92], 90, (2, 2)),
        ([50, 90, 89, 92, 90], 90, (2, 4)),  # it leaves again
        ([50, 90, 89], 90, (2, None)),  # and does not come back
        ([50, 60, 70], 90, (None, None)),
        ([95, 90], 90, (1, 1)),
        ([90], 90, (1, 1)),
        ([89], 90, (None, None)),
        ([450, 453], 455 - 0.4 / 100 * 500, (2, 2)),  # 453 exactly, which floats miss
    ],
)
def test_arrival(correct: list[int], wanted: float, expected: tuple[int | None, int | None]) -> None:
    assert arrival(torch.tensor(correct), wanted) == expected


def said(accuracies: list[float], first: int | None, needed: int | None, warm_up: int = 0) -> str:
    return verdict([Step(t, t + warm_up, a) for t, a in enumerate(accuracies, 1)], 91.0, 0.5, first, needed)


def test_verdict() -> None:
    near = "within 0.5 points of the ANN (91.00 %)"
    assert said([80, 90.5, 91], 2, 2) == f"{near} from 2 steps on: 90.50 %"
    assert said([91], 1, 1) == f"{near} from 1 step on: 91.00 %"
    assert said([80, 90.5, 91], 2, 2, 3) == f"{near} from 5 steps on, 3 of them warm-up: 90.50 %"
    back = said([80, 90.6, 80, 91], 2, 4)
    assert back == f"{near} from 4 steps on: 91.00 %; first there at 2 steps: 90.60 %, but not to stay"
    assert said([80, 88, 87], None, None) == f"not {near} in 3 steps; closest: 88.00 % at 2 steps"
    lost = said([90.5, 88], 1, None)
    assert lost.startswith(f"not {near} in 2 steps, as it does not stay there: 88.00 % at 2 steps")
    assert lost.endswith("first there at 1 step: 90.50 %, but not to stay")


# early exit, by plain loops


def exits_by_hand(logits: Tensor, labels: Tensor, confidence: float) -> tuple[float, float, float]:
    """Mean steps, accuracy in %, stopped early in %."""
    steps = right = early = 0
    for sample, label in enumerate(labels.tolist()):
        for t in range(len(logits)):
            scores = [math.exp(value) for value in logits[t, sample].tolist()]
            sure = max(scores) / sum(scores) >= confidence
            if sure or t == len(logits) - 1:
                steps += t + 1
                right += scores.index(max(scores)) == label
                early += sure
                break
    return steps / len(labels), 100 * right / len(labels), 100 * early / len(labels)


def test_early_exit_against_loops() -> None:
    logits, labels = torch.randn(6, 40, 3) * torch.arange(1, 7).view(-1, 1, 1), torch.randint(0, 3, (40,))
    grid = (0.4, 0.7, 0.9, 0.999, 1.0)
    sums = ExitSums(grid)
    sums.add(logits[:, :25], labels[:25])
    sums.add(logits[:, 25:], labels[25:])
    for row in sums.exits(warm_up=0):
        assert (row.latency, row.accuracy, row.early) == pytest.approx(exits_by_hand(logits, labels, row.confidence))
    assert [row.latency + 2 for row in sums.exits(0)] == [row.latency for row in sums.exits(2)]


def test_who_is_sure_at_once_stops_at_once_and_who_never_is_runs_to_the_end() -> None:
    logits = torch.zeros(5, 2, 4)
    logits[:, 0, 1] = 50.0
    sums = ExitSums((0.9,))
    sums.add(logits, torch.tensor([1, 0]))
    (row,) = sums.exits(0)
    assert (row.latency, row.accuracy, row.early) == ((1 + 5) / 2, 100.0, 50.0)


# a whole measurement


def test_accuracy_at_every_step_is_that_of_a_sweep(snn: SpikingNetwork, images: DataSource, measured: Latency) -> None:
    swept = sweep(snn, images, range(1, T + 1))
    assert [row.accuracy for row in measured.rows] == pytest.approx([row.accuracy for row in swept.rows])
    assert [row.steps for row in measured.rows] == [row.latency for row in measured.rows] == list(range(1, T + 1))
    assert measured.ann_accuracy == pytest.approx(swept.ann_accuracy)


def test_exits_are_those_of_the_runs(snn: SpikingNetwork, images: DataSource, measured: Latency) -> None:
    logits = torch.cat([snn.run(x, T=T).logits for x, _ in images], dim=1)
    labels = torch.cat([y for _, y in images])
    assert [row.confidence for row in measured.exits] == list(CONFIDENCES)
    for row in measured.exits:
        assert (row.latency, row.accuracy, row.early) == pytest.approx(exits_by_hand(logits, labels, row.confidence))


def test_more_confidence_takes_more_time(measured: Latency) -> None:
    times = [row.latency for row in measured.exits]
    assert times == sorted(times)
    assert 1 <= times[0] < times[-1] <= T


def test_needed_is_where_the_accuracy_stays(measured: Latency) -> None:
    enough = [row.accuracy >= measured.ann_accuracy - measured.within - 1e-9 for row in measured.rows]
    assert measured.needed is not None
    assert all(enough[measured.needed - 1 :])
    assert measured.needed == 1 or not enough[measured.needed - 2]
    assert measured.first == enough.index(True) + 1


def test_far_or_near(snn: SpikingNetwork, images: DataSource) -> None:
    assert latency(snn, images, within=100, T=2).needed == 1
    one_step = latency(snn, images, within=0, T=1)
    assert one_step.rows[0].accuracy < one_step.ann_accuracy
    assert (one_step.needed, one_step.first) == (None, None)
    assert one_step.verdict.startswith("not within 0 points of the ANN")
    assert one_step.exits[0].latency == one_step.exits[-1].latency == 1


def test_warm_up_is_counted_everywhere(snn: SpikingNetwork, images: DataSource, measured: Latency) -> None:
    warm = copy.deepcopy(snn)
    warm.plan.settings["warm_up"] = 3
    found = latency(warm, images, T=T)
    assert found.warm_up == 3
    assert [row.latency - row.steps for row in found.rows] == [3] * T
    assert found.first is not None
    assert found.rows[found.first - 4].latency == found.first
    assert found.rows[found.first - 4].accuracy >= found.ann_accuracy - found.within - 1e-9
    assert all(4 <= row.latency <= T + 3 for row in found.exits)
    assert found.exits[0].latency != measured.exits[0].latency
    assert "3 of them warm-up" in found.verdict


def test_batches_add_up(snn: SpikingNetwork, images: DataSource, measured: Latency) -> None:
    x, y = (torch.cat(part) for part in zip(*images))
    whole = latency(snn, [(x, y)], T=T)
    assert (whole.rows, whole.exits) == (measured.rows, measured.exits)


def test_confidences_are_sorted(snn: SpikingNetwork, images: DataSource) -> None:
    found = latency(snn, images, T=1, confidences=(0.9, 0.5, 0.9))
    assert [row.confidence for row in found.exits] == [0.5, 0.9]


# bad input


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"within": -0.1}, "within is out of range"),
        ({"within": 101}, "within is out of range"),
        ({"within": float("nan")}, "within is out of range"),
        ({"T": 0}, "too few time steps"),
        ({"confidences": ()}, "a confidence is out of range"),
        ({"confidences": (0.5, 1.1)}, "a confidence is out of range"),
        ({"confidences": (0.0,)}, "a confidence is out of range"),
    ],
)
def test_refuses_arguments(options: dict[str, Any], problem: str, snn: SpikingNetwork, images: DataSource) -> None:
    with pytest.raises(InputError, match=problem):
        latency(snn, images, **options)


@pytest.mark.parametrize(("data", "problem"), [([], "test data is empty"), ([torch.zeros(2, 1, 28, 28)], "no labels")])
def test_refuses_data(data: list[Any], problem: str, snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match=problem):
        latency(snn, data, T=1)


def test_refuses_other_outputs_than_class_scores() -> None:
    x = torch.rand(2, 1, 6, 6)
    maps = convert(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 3, 1)), data=[x])
    with pytest.raises(InputError, match="not one score per class"):
        latency(maps, [(x, torch.tensor([0, 1]))], T=1)


# the result


def test_files(measured: Latency, tmp_path: Path) -> None:
    files = measured.save(tmp_path)
    assert [file.name for file in files] == [f"latency.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert json.loads(files[0].read_text()) == measured.to_dict()
    assert Latency.load(tmp_path) == measured
    assert files[1].read_text().splitlines()[0] == "steps,latency,accuracy"
    assert len(files[1].read_text().splitlines()) == T + 1


def test_record(measured: Latency, snn: SpikingNetwork, images: DataSource) -> None:
    assert (measured.samples, measured.data, measured.warm_up) == (len(images), "fashion:test", 0)
    assert measured.settings == snn.plan.settings
    assert images.normalization is not None
    assert measured.normalization == images.normalization.to_dict()
