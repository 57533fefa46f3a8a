"""`snnconv train`: from a name to a file that every other command takes, resumable, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

import snnconv
from snnconv.io import open_model
from snnconv.io.trained_file import origin_of, stored_normalization
from snnconv.training.run import Run

from .conftest import Command

QUICK = ("--epochs", "1", "--batch-size", "6", "-q")


@pytest.fixture
def clips(tmp_path: Path) -> str:
    """12 grey clips of 4 frames of 16×20, 3 classes."""
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (12, 4, 16, 20), dtype=np.uint8)
    np.savez(tmp_path / "clips.npz", x=x, word=np.arange(12) % 3)
    return f"npz:{tmp_path}/clips.npz?layout=NTHW&y=word"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def test_an_ann_goes_through_every_step(command: Command, clips: str) -> None:
    data = ("--data", clips, "--val", clips, "--num-classes", 3)
    ended = command(
        "train", "snnconv:small_cnn3d", *data, "--mean", "0.5", "--std", "0.25", "-o", "ann.pt", *QUICK[:-1]
    )
    assert ended.code == 0, ended
    assert sorted(os.listdir()) == ["ann.pt", "snnconv-out"]
    assert "saved ann.pt" in ended.out
    assert "next: snnconv sweep ann.pt" in ended.out
    found = open_model("ann.pt")
    assert origin_of(found.extra, "").arch_args == {"in_channels": "1"}
    assert command("convert", "ann.pt", "--calib", clips, "-q").code == 0
    snn = snnconv.load("ann.snn.pt2")
    assert isinstance(snn, snnconv.SpikingNetwork)
    assert snn.plan.normalization == {"mean": [0.5], "std": [0.25]}
    ended = command("sweep", "ann.snn.pt2", "--data", clips, "--T", "1,2", "--json", "-q")
    assert ended.code == 0, ended


@pytest.mark.parametrize(
    ("model", "options", "arguments"),
    [
        ("svformer", ("--variant", "3stg"), {"variant": "3stg", "T": "4", "size": "(16, 20)", "in_channels": "1"}),
        ("svformer", ("--variant", "3stg", "--arch-arg", "depth=2", "--norm", "bn"),
         {"variant": "3stg", "norm": "bn", "depth": "2", "T": "2", "size": "(16, 20)", "in_channels": "1"}),
        ("snnconv:respike", ("--stride", "2", "--neuron", "plif"),
         {"stride": "2", "neuron": "plif", "in_channels": "1"}),
    ],
)  # fmt: skip
def test_networks_fit_their_data(
    command: Command, clips: str, model: str, options: tuple[str, ...], arguments: dict[str, str]
) -> None:
    if model == "svformer":  # 16 pixels are too few for its patches
        clips = bigger(clips)
        arguments = {**arguments, "size": "(32, 40)"}
    ended = command("train", model, *options, "--data", clips, "--val", clips, "--num-classes", 3, "--json", *QUICK)
    assert ended.code == 0, ended
    told = json.loads(ended.out)
    assert told["output"] == f"{model.removeprefix('snnconv:')}.pt"
    assert told["quantity"] == "tau"
    assert origin_of(open_model(told["output"]).extra, "").arch_args == arguments


def bigger(clips: str) -> str:
    """The clips with every pixel four."""
    path = clips.removeprefix("npz:").partition("?")[0]
    with np.load(path) as file:
        np.savez(path, x=file["x"].repeat(2, 2).repeat(2, 3), word=file["word"])
    return clips


def test_respike_on_colours_begins_with_imagenets_weights_and_normalisation(command: Command, tmp_path: Path) -> None:
    """The file is torchvision's; what is trained from it needs it no more."""
    torch.manual_seed(1)
    published = torchvision.models.resnet18()
    torch.save(published.state_dict(), tmp_path / "resnet18.pth")
    x = np.random.default_rng(0).integers(0, 256, (4, 2, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "colours.npz", x=x, y=np.arange(4) % 2)
    source = f"npz:{tmp_path}/colours.npz?layout=NTHWC"
    data = ("--data", source, "--val", source, "--num-classes", 2)
    line = ("train", "respike", "--branches", "key", "--stride", 2, *data, "--epochs", 1, "--batch-size", 4)
    ended = command(*line, "--ann-weights", tmp_path / "resnet18.pth")
    assert ended.code == 0, ended
    assert "lr 0.0001 (authors' code), schedule cosine (authors' code)" in ended.err
    (tmp_path / "resnet18.pth").unlink()
    found = open_model("respike.pt")
    assert stored_normalization(found.extra, "") == {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    assert isinstance(found.model, torch.nn.Module)
    torch.testing.assert_close(
        found.model.get_parameter("ann.stem.0.weight"), published.conv1.weight, atol=1e-3, rtol=0
    )  # a step of 1e-4 later
    assert command(*line, "--ann-weights", "nowhere.pth", "--overwrite").code == 2


def test_it_trains_on_from_its_own_file(command: Command, clips: str) -> None:
    data = ("--data", clips, "--val", clips)
    first = ("--num-classes", 3, "--mean", "0.5", "--std", "0.25", "-o", "a.pt", *QUICK)
    assert command("train", "snnconv:small_cnn3d", *data, *first).code == 0
    ended = command("train", "a.pt", *data, "-o", "b.pt", "--folder", "more", *QUICK)
    assert ended.code == 0, ended
    assert stored_normalization(open_model("b.pt").extra, "") == {"mean": [0.5], "std": [0.25]}  # as it was trained
    first, second = (torch.load(name, weights_only=True)["state_dict"] for name in ("a.pt", "b.pt"))
    assert not torch.equal(first["0.weight"], second["0.weight"])
    assert origin_of(open_model("b.pt").extra, "") == origin_of(open_model("a.pt").extra, "")


def test_a_stopped_one_goes_on(command: Command, clips: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = ("train", "snnconv:small_cnn3d", "--data", clips, "--val", clips, "--num-classes", 3, *QUICK)
    original = Run.one_step

    def one_step(self: Run, *arguments: object) -> None:
        if self.step == 1:
            raise KeyboardInterrupt
        original(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Run, "one_step", one_step)
        assert command(*line, "--save-every", 1).code == 130
    assert not Path("small_cnn3d.pt").exists()
    assert command(*line).code == 0
    assert command(*line, "--folder", "undisturbed", "-o", "b.pt").code == 0
    states = [torch.load(name, weights_only=True)["state_dict"] for name in ("small_cnn3d.pt", "b.pt")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "pass --num-classes"),
        (("--num-classes", "2"), "a label is out of range"),
        (("--num-classes", "3", "--variant", "3stg"), "failed"),
        (("--num-classes", "3", "--lr", "-1"), "lr is out of range"),
        (("--num-classes", "3", "--augment", "turn"), "turn"),
        (("--num-classes", "3", "--resume", "--overwrite"), "leave one of them out"),
        (("--num-classes", "0"), "num_classes of the small 3-D CNN is out of range"),
        (("--num-classes", "3", "--arch-arg", "num_classes=4"), "given twice"),
        (("--num-classes", "3", "--arch-arg", "in_channels=3"), "the network cannot run on these inputs"),
        (("--num-classes", "3", "--seed", str(2**70)), "0 to 2^63 − 1"),
        (("--num-classes", "3", "--seed", "-1"), "0 to 2^63 − 1"),
    ],
)
def test_errors(command: Command, clips: str, options: tuple[str, ...], said: str) -> None:
    ended = command("train", "snnconv:small_cnn3d", "--data", clips, "--val", clips, *options, *QUICK)
    assert ended.code == 2, ended
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--arch-arg", "depth=two"), "depth of SVFormer is out of range"),
        (("--arch-arg", "depth=0"), "depth of SVFormer is out of range"),
        (("--arch-arg", "depth=3"), "not a whole number of time steps"),
        (("--arch-arg", "T=0"), "T of SVFormer is out of range"),
        (("--arch-arg", "size=abc"), "invalid size for SVFormer"),
        (("--arch-arg", "size=64"), "the data do not go into the network"),
        (("--neuron", "foo"), "unknown neuron of SVFormer"),
    ],
)
def test_arguments_of_a_network(command: Command, clips: str, options: tuple[str, ...], said: str) -> None:
    clips = bigger(clips)
    line = ("train", "svformer", "--variant", "3stg", "--num-classes", 3, "--data", clips, "--val", clips)
    ended = command(*line, *options, *QUICK)
    assert (ended.code, ended.out) == (2, ""), ended
    assert said in ended.err
    assert "failed" not in ended.err  # the network says what is wrong, not a layer in it
    assert os.listdir() == []


def test_a_batch_of_other_channels_than_the_training_data(command: Command, clips: str) -> None:
    path = clips.removeprefix("npz:").partition("?")[0]
    with np.load(path) as file:
        np.savez("colour.npz", x=np.repeat(file["x"][..., None], 3, -1), word=file["word"])
    val = "npz:colour.npz?layout=NTHWC&y=word"
    ended = command("train", "snnconv:small_cnn3d", "--num-classes", 3, "--data", clips, "--val", val, *QUICK)
    assert ended.code == 2
    assert "got: 3×4×16×20\n" in ended.err
    assert f"where: {val}" in ended.err
    assert os.listdir() == ["colour.npz"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("none.pt", "no such file"),
        ("", "no such file"),
        ("SVformer2", "did you mean snnconv:svformer?"),
    ],
)
def test_no_such_network(command: Command, clips: str, model: str, said: str) -> None:
    ended = command("train", model, "--data", clips, "--val", clips, "--num-classes", 3, *QUICK)
    assert ended.code == 2
    assert said in ended.err
    assert os.listdir() == []


def test_only_networks_by_name(command: Command, clips: str) -> None:
    torch.save(torch.nn.Linear(2, 2), "net.pt")
    ended = command("train", "net.pt", "--data", clips, "--val", clips, "-o", "b.pt", *QUICK)
    assert ended.code == 2
    assert "only networks given by name are trained" in ended.err
