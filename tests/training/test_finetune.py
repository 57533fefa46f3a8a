"""Fine-tuning as a whole: what it gives, keeps, writes and refuses."""

from __future__ import annotations

import builtins
import csv
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError
from snnconv.data import open_data
from snnconv.learnable import clips_in
from snnconv.models import fashion_cnn
from snnconv.training import FineTuning, finetune

from .toys import CLASSES, QUICK, network, same, source, train


def test_the_bundled_network(tmp_path: Path) -> None:
    """Average pooling in the place of its max pooling costs accuracy; a few steps bring much of it back."""
    clipped = snnconv.clip(fashion_cnn(pretrained=True), data=open_data("fashion:train"))
    start = {name: clip.ceiling.clone() for name, clip in clips_in(clipped).items()}
    test = open_data("fashion", batch_size=200, limit=400)
    course = finetune(clipped, open_data("fashion:train"), test, epochs=2, batch_size=64, folder=tmp_path)
    assert course.accuracy > course.epochs[0].val_accuracy + 5
    assert all(not torch.equal(clip.ceiling, start[name]) for name, clip in clips_in(clipped).items())
    assert course.learned == {
        name: (float(start[name]), float(clip.ceiling)) for name, clip in clips_in(clipped).items()
    }
    correct = sum(int((clipped(x).argmax(1) == y).sum()) for x, y in test)
    assert course.accuracy == 100 * correct / 400
    snn = snnconv.convert(clipped, T=4, method="sdm", alpha=0.2, beta=5)
    assert snn.plan.sites["relu4"].threshold == clipped.get_submodule("relu4").ceiling
    snnconv.save(clipped, tmp_path / "clipped.pt2")
    loaded = snnconv.load(tmp_path / "clipped.pt2")
    assert loaded.meta["normalization"] == test.normalization.to_dict()  # type: ignore[union-attr]
    assert loaded.meta["training"]["epochs"] == 2  # type: ignore[index]


def test_what_it_writes(tmp_path: Path) -> None:
    _, course = train(tmp_path, epochs=3)
    assert sorted(os.listdir(tmp_path)) == [
        "checkpoint.pt", "finetune.csv", "finetune.json", "finetune.png", "finetune.svg",
    ]  # fmt: skip
    with (tmp_path / "finetune.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = ["epoch", "loss", "train_accuracy", "val_accuracy", "lr", "lambda_min", "lambda_mean", "lambda_max"]
    assert [list(row) for row in rows] == [columns] * 4
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert (rows[0]["loss"], rows[0]["train_accuracy"]) == ("", "")
    last = course.epochs[-1]
    assert [float(rows[3][name]) for name in columns[1:5]] == [
        last.loss,
        last.train_accuracy,
        last.val_accuracy,
        last.lr,
    ]
    assert FineTuning.load(tmp_path).epochs == course.epochs
    assert course.samples == 40


def test_it_learns(tmp_path: Path) -> None:
    _, course = train(tmp_path, epochs=12, augment=())
    assert course.accuracy >= 90
    losses = [epoch.loss for epoch in course.epochs if epoch.loss is not None]
    assert losses[-1] < losses[0] / 2


def test_the_cosine_of_the_learning_rate(tmp_path: Path) -> None:
    """The last of five steps of each of two epochs is nine tenths, and before that four tenths, of the way."""
    _, course = train(tmp_path)
    expected = [0.05, *(0.025 * (1 + math.cos(math.pi * done)) for done in (0.4, 0.9))]
    assert [epoch.lr for epoch in course.epochs] == pytest.approx(expected)


def test_same_seed_same_weights_other_seed_others(tmp_path: Path) -> None:
    one, other, third = (train(tmp_path / name, seed=seed)[0] for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert same(one, other)
    assert not same(one, third)


def test_weight_decay_of_the_ceilings_alone(tmp_path: Path) -> None:
    """One step of SGD: λ ← λ − lr·(g + d·λ); nothing else changes with d."""
    plain, _ = train(tmp_path / "a", epochs=1, batch_size=40, weight_decay=0.0)
    decayed, _ = train(tmp_path / "b", epochs=1, batch_size=40, weight_decay=0.0, clip_weight_decay=0.5)
    start = network().state_dict()
    for name, value in plain.state_dict().items():
        shrunk = 0.05 * 0.5 * start[name] if name.endswith("threshold") else torch.zeros(())
        assert torch.allclose(decayed.state_dict()[name].double(), (value - shrunk).double(), atol=1e-6), name


def test_the_average_by_hand(tmp_path: Path) -> None:
    """One step with d = ¾: a quarter of the way from the start to where the step went."""
    plain, _ = train(tmp_path / "a", epochs=1, batch_size=40)
    averaged, _ = train(tmp_path / "b", epochs=1, batch_size=40, ema=0.75)
    start = network().state_dict()
    for name, value in plain.state_dict().items():
        expected = 0.75 * start[name] + 0.25 * value if value.is_floating_point() else value
        assert torch.allclose(averaged.state_dict()[name], expected, atol=1e-6), name


def test_early_stop_keeps_the_best(tmp_path: Path) -> None:
    """A learning rate that ruins the network: it stops after two epochs without a better one and is what it was."""
    clipped = network()
    train(tmp_path / "first", clipped, epochs=12, augment=())
    before = {name: value.clone() for name, value in clipped.state_dict().items()}
    _, course = train(tmp_path / "second", clipped, epochs=9, lr=5.0, early_stop=2)
    assert len(course.epochs) == course.best + 3 < 10
    accuracies = [epoch.val_accuracy for epoch in course.epochs]
    assert course.accuracy == max(accuracies)
    if course.best == 0:
        assert all(torch.equal(clipped.state_dict()[name], value) for name, value in before.items())


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, course = train(tmp_path, log="tensorboard")
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    values = [event.value for event in events.Scalars("val_accuracy")]
    assert values == pytest.approx([epoch.val_accuracy for epoch in course.epochs])


def test_bfloat16(tmp_path: Path) -> None:
    clipped, course = train(tmp_path, precision="bf16-mixed")
    assert all(value.dtype != torch.bfloat16 for value in clipped.state_dict().values())
    assert math.isfinite(course.epochs[-1].loss or math.nan)


# several processes

SEVERAL = """
import sys, torch
from pathlib import Path
from tests.training.toys import train
torch.set_num_threads(1)
folder = Path(sys.argv[1])
clipped, course = train(folder / "run", augment=("crop", "flip"), ema=0.5)
import torch.distributed as dist
torch.save((clipped.state_dict(), [e.loss for e in course.epochs], course.samples), folder / f"{dist.get_rank()}.pt")
"""


@pytest.mark.slow
def test_two_processes(tmp_path: Path) -> None:
    """Both end with the same finite weights; every batch of 8 is shared 4 to 4."""
    (tmp_path / "several.py").write_text(SEVERAL)
    root = Path(__file__).parents[2]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29517"]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        [*launcher, str(tmp_path / "several.py"), str(tmp_path)], cwd=root, capture_output=True, text=True,
        env=environment, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (one, losses, samples), (other, theirs, _) = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], value) for name, value in other.items())
    assert all(bool(value.isfinite().all()) for value in one.values())
    assert losses == theirs
    assert samples == 40


# errors

ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"epochs": 0}, "epochs is out of range"),
    ({"lr": 0.0}, "lr is out of range"),
    ({"lr": float("nan")}, "lr is out of range"),
    ({"momentum": 1.0}, "momentum is out of range"),
    ({"weight_decay": -1.0}, "weight_decay is out of range"),
    ({"clip_weight_decay": -1.0}, "clip_weight_decay is out of range"),
    ({"label_smoothing": 1.0}, "label_smoothing is out of range"),
    ({"ema": 1.0}, "ema is out of range"),
    ({"batch_size": 1}, "batch_size is out of range"),
    ({"early_stop": 0}, "early_stop is out of range"),
    ({"save_every": 0}, "save_every is out of range"),
    ({"optimizer": "sgdd"}, "did you mean 'sgd'"),
    ({"schedule": "cosin"}, "did you mean 'cosine'"),
    ({"augment": ("crop", "flop")}, "did you mean 'flip'"),
    ({"log": "tensorbord"}, "unknown log"),
    ({"precision": "8"}, "unknown precision"),
    ({"learning_rate": 0.1}, "training has no setting 'learning_rate'"),
    ({"epoch": 3}, "did you mean 'epochs'"),
    ({"data": []}, "training data is empty"),
    ({"data": [torch.zeros(4, 2, 8, 8)]}, "training data has no labels"),
    ({"data": [(torch.zeros(4, 2, 8, 8), torch.full((4,), CLASSES))]}, "0 to 3, the network has 4 classes"),
    ({"lr": 1e30}, "the loss became"),
]


@pytest.mark.parametrize(("settings", "text"), ERRORS, ids=[str(next(iter(settings))) for settings, _ in ERRORS])
def test_errors(settings: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=text):
        train(tmp_path, **settings)


@pytest.mark.parametrize(
    ("val", "text"),
    [
        ([], "validation data is empty"),
        ([torch.zeros(4, 2, 8, 8)], "validation data has no labels"),
        ([(torch.zeros(4, 2, 8, 8), torch.full((4,), 9))], "validation batch 0"),
    ],
)
def test_validation_data_fail_before_the_training(val: list[Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=text):
        finetune(network(), source(40), val, folder=tmp_path, **QUICK)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_network_without_clips(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no learnable clips[\s\S]*snnconv.clip"):
        finetune(nn.Linear(2, 2), source(40), source(20), folder=tmp_path)


def test_without_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("lightning_fabric"):
            raise ImportError("No module named 'lightning_fabric'")
        return real(name, *arguments, **options)

    clipped = network()
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match=r'pip install "snnconv\[train\]"'):
        train(tmp_path, clipped)


def test_images_only_are_augmented(tmp_path: Path) -> None:
    torch.manual_seed(0)
    clipped = snnconv.clip(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)), data=[torch.randn(9, 6)])
    data = [(torch.randn(8, 6), torch.arange(8) % 3)]
    with pytest.raises(InputError, match="only images can be augmented"):
        finetune(clipped, data, data, folder=tmp_path, epochs=1, augment=("flip",))
    assert finetune(clipped, data, data, folder=tmp_path, epochs=1).epochs[-1].loss is not None
