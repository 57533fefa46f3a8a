"""Training from the start: spiking and other networks on the one engine, with defaults of their own."""

from __future__ import annotations

import copy
import csv
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snnconv import InputError
from snnconv.data import DataSource
from snnconv.data.npz import from_arrays
from snnconv.models import respike, svformer
from snnconv.models.spiking_layer import firing
from snnconv.training import Training, train
from snnconv.training.defaults import CODE, IMAGENET, OURS, PAPER, chosen_for, normalization_for, told, usual_of
from snnconv.training.mix import mixed_batch
from snnconv.training.optimizers import optimizer_of
from snnconv.training.run import Run
from snnconv.training.schedules import rate
from snnconv.training.settings import Settings

from .toys import same

T = 4
QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 8, "save_every": 1, "augment": ()}


class Toy(nn.Module):
    """Clips [B, 1, 4, 8, 8] → two classes, over PLIF neurons."""

    def __init__(self, neuron: str = "plif") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8)
        self.fires = firing(T, neuron)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spikes = self.fires(self.norm(self.conv(x.transpose(1, 2).flatten(0, 1))))
        return self.head(spikes.mean((2, 3))).unflatten(0, (-1, T)).mean(1)


def clips(count: int, seed: int = 0) -> DataSource:
    """What stands still, and what moves."""
    generator = np.random.default_rng(seed)
    y = np.arange(count) % 2
    x = np.zeros((count, 1, T, 8, 8), np.float32)
    for clip, label in zip(x, y):
        row, column = generator.integers(0, 5, 2)
        for t in range(T):
            clip[0, t, row : row + 3, column : column + 3] = 1.0 if label == 0 else float(t % 2)
    return DataSource(f"toy:{count}", from_arrays([(x, y.astype(np.int64))]), batch_size=8)


def trained(folder: Path, network: nn.Module | None = None, **settings: Any) -> tuple[nn.Module, Training]:
    network = Toy() if network is None else network
    return network, train(network, clips(40), clips(20, 1), folder=folder, **{**QUICK, **settings})


def test_a_spiking_network_learns_and_so_do_its_time_constants(tmp_path: Path) -> None:
    network, course = trained(tmp_path, epochs=15, lr=0.1)
    assert course.accuracy >= 90
    assert not network.training
    start, end = course.learned["fires"]
    assert (course.quantity, start) == ("tau", 2.0)
    assert end != 2.0
    assert course.epochs[-1].mean == pytest.approx(end)


def test_what_it_writes(tmp_path: Path) -> None:
    _, course = trained(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.pt", "train.csv", "train.json", "train.png", "train.svg"]
    with (tmp_path / "train.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-3:] == ["tau_min", "tau_mean", "tau_max"]
    assert Training.load(tmp_path) == course


def test_a_network_without_time_constants_has_no_columns_of_them(tmp_path: Path) -> None:
    _, course = trained(tmp_path, Toy("relu"))
    assert (course.quantity, course.learned) == (None, {})
    assert list(next(iter(course.table())))[-1] == "lr"
    assert Training.load(tmp_path) == course


@pytest.mark.parametrize("step", [3, 7])
def test_it_goes_on_where_it_was_stopped(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, course = trained(tmp_path / "whole")
    original = Run.one_step

    def one_step(self: Run, *arguments: Any) -> None:
        if self.step == step:
            raise KeyboardInterrupt
        original(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "one_step", one_step)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "stopped")
    resumed, again = trained(tmp_path / "stopped")
    assert same(whole, resumed)
    assert again.epochs == course.epochs


def test_several_inputs_go_in_as_the_network_takes_them(tmp_path: Path) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(128, 2)

        def forward(self, pathways: list[torch.Tensor]) -> torch.Tensor:
            return self.head(torch.cat([x.flatten(1) for x in pathways], 1))

    generator = torch.Generator().manual_seed(0)
    batches = [((torch.rand(4, 64, generator=generator), torch.rand(4, 64, generator=generator)), torch.arange(4) % 2)]
    course = train(Two(), batches, batches, folder=tmp_path, epochs=30, lr=0.5)
    assert course.accuracy == 100
    assert course.configuration["settings"]["augment"] == []  # loaders do it themselves


def test_the_learning_rate_rises_first(tmp_path: Path) -> None:
    risen = Settings(lr=0.1, warmup=2.0, schedule="constant", epochs=4)
    assert [rate(risen, done) for done in (0.0, 1.0, 2.0, 3.9)] == pytest.approx([0.001, 0.0505, 0.1, 0.1])
    assert rate(Settings(lr=0.1), 0.0) == 0.1
    _, course = trained(tmp_path, epochs=4, lr=0.1, warmup=2.0, schedule="constant")
    assert course.epochs[1].lr == pytest.approx(rate(risen, 0.8))
    assert course.epochs[4].lr == 0.1


def test_the_schedule_is_of_the_epochs_after_the_warm_up_and_ends_where_it_is_told() -> None:
    """SVFormer's, by the formula of its training code: 600 epochs, of which 30 rise from 1e-6, then a half cosine."""
    settings = Settings(epochs=600, lr=6e-3, warmup=30.0, warmup_lr=1e-6, end_lr=1e-6)
    cosine = [1e-6 + (6e-3 - 1e-6) * (math.cos(math.pi * (epoch - 30) / 570) + 1) / 2 for epoch in (30, 100, 315, 600)]
    assert [rate(settings, epoch) for epoch in (30, 100, 315, 600)] == pytest.approx(cosine)
    assert [rate(settings, epoch) for epoch in (0, 15)] == pytest.approx([1e-6, (1e-6 + 6e-3) / 2])


def test_vectors_do_not_decay_where_they_are_told_not_to() -> None:
    """Norms, biases and w of PLIF: a step of gradient 0 leaves them, and shrinks what decays."""
    network = Toy()
    optimizer = optimizer_of(network, Settings(optimizer="adamw", lr=0.1, weight_decay=0.5, decay_vectors=False))
    nn.init.ones_(network.norm.bias)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    shrunk = {name for name, parameter in network.named_parameters() if not torch.equal(parameter, before[name])}
    assert shrunk == {"conv.weight", "head.weight"}
    torch.testing.assert_close(network.conv.weight, 0.95 * before["conv.weight"])


def test_a_mixed_batch_is_scored_by_both_labels(tmp_path: Path) -> None:
    """The loss of the first step is that of soft targets, smoothed: λ of the own class, 1 − λ of the other."""
    network = Toy("relu")
    nn.init.normal_(network.head.weight)
    network.norm.eval()
    x, y = clips(8).batch(0)
    settings = {**QUICK, "epochs": 1, "mixup": 0.8, "cutmix": 1.0, "label_smoothing": 0.1}
    (mixed,), share = mixed_batch((x,), Settings(**settings), 0, 0)
    assert 0 < share < 1
    fresh = copy.deepcopy(network).train()
    targets = share * F.one_hot(y, 2) + (1 - share) * F.one_hot(y.flip(0), 2)
    loss = -((0.9 * targets + 0.05) * fresh(mixed).log_softmax(1)).sum(1).mean()
    course = train(network, [(x, y)], [(x, y)], folder=tmp_path, **settings)
    assert course.epochs[1].loss == pytest.approx(loss.item(), rel=1e-5)


def usual(network: nn.Module) -> dict[str, Any]:
    return {name: each.value for name, each in usual_of(network).items()}


def test_defaults_are_those_of_the_papers() -> None:
    small: dict[str, Any] = {"size": 32, "T": 2, "num_classes": 2}
    base, events = usual(svformer("st", **small)), usual(svformer("3stg", **small))
    assert usual(svformer("3stg", in_channels=3, **small)) == base  # what counts is what it sees
    assert [base[name] for name in ("optimizer", "lr", "epochs", "batch_size")] == ["adamw", 0.006, 600, 64]
    assert (events["lr"], events["batch_size"]) == (0.005, 16)
    found = usual(respike())
    wanted = ("optimizer", "momentum", "weight_decay", "epochs", "batch_size")
    assert [found[name] for name in wanted] == ["sgd", 0.9, 1e-4, 100, 32]
    assert found["lr"] == 1e-4
    assert (base["weight_decay"], base["decay_vectors"], base["label_smoothing"]) == (0.05, False, 0.1)
    assert (base["warmup"], base["warmup_lr"], base["end_lr"], base["mixup"], base["cutmix"]) == (
        30,
        1e-6,
        1e-6,
        0.8,
        1,
    )
    assert base["augment"] == ("crop", "flip", "randaugment", "erase")


def test_every_default_says_whose_it_is() -> None:
    told = usual_of(respike())
    assert (told["epochs"].source, told["lr"].source) == (PAPER, CODE)
    told = usual_of(svformer("3stg", size=32, T=2))
    assert (told["epochs"].source, told["warmup"].source, told["mixup"].source) == (PAPER, CODE, OURS)
    assert {each.source for each in usual_of(nn.Linear(2, 2)).values()} == {OURS}


def test_the_usual_warm_up_is_the_same_part_of_fewer_epochs() -> None:
    network = svformer("3stg", num_classes=2, T=4, size=32, in_channels=1)
    chosen = chosen_for(network, {"epochs": 60, "lr": 0.1})
    assert (chosen["warmup"].value, chosen["lr"].value, chosen["batch_size"].value) == (3, 0.1, 64)
    said = "warmup 3 (authors' code: 30 of 600 epochs)"
    assert said in told(chosen)
    assert "lr 0.1 (given)" in told(chosen)
    assert chosen_for(network, {"lr": 0.1})["warmup"].value == 30


def test_respike_on_colours_is_normalised_as_imagenet() -> None:
    assert normalization_for(respike()) == IMAGENET
    assert normalization_for(respike(in_channels=1)) is None
    assert normalization_for(svformer("3stg", size=32, T=2, in_channels=3)) is None


def test_defaults_count_where_nothing_is_given(tmp_path: Path) -> None:
    network = Toy("relu")
    course = train(network, clips(8), clips(4), folder=tmp_path, epochs=1)
    settings = course.configuration["settings"]
    assert (settings["lr"], settings["augment"], settings["batch_size"]) == (0.05, ["crop", "flip"], 64)


def test_another_start_is_another_training(tmp_path: Path) -> None:
    trained(tmp_path)
    other = Toy()
    nn.init.constant_(other.head.weight, 0.1)
    with pytest.raises(InputError, match="a training of another configuration"):
        trained(tmp_path, other)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"warmup": -1.0}, "warmup is out of range"),
        ({"warmup": math.inf}, "warmup is out of range"),
        ({"warmup_lr": -1.0}, "warmup_lr is out of range"),
        ({"end_lr": -1.0}, "end_lr is out of range"),
        ({"mixup": -0.1}, "mixup is out of range"),
        ({"cutmix": math.inf}, "cutmix is out of range"),
        ({"decay_vectors": 2}, "decay_vectors is out of range"),
        ({"augment": ("randaugmented",)}, "unknown augmentation"),
        ({"learning_rate": 1}, "training has no setting 'learning_rate'"),
        ({"lr": 1e30, "epochs": 3}, "the loss became"),
    ],
)
def test_bad_settings_are_one_error(settings: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        trained(tmp_path, **settings)


def test_nothing_to_train(tmp_path: Path) -> None:
    network = Toy().requires_grad_(False)
    with pytest.raises(InputError, match="nothing to train"):
        trained(tmp_path, network)
