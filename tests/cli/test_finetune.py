"""`snnconv finetune`: from a file to a file, resumable, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import fx

import snnconv
from snnconv.errors import InputError
from snnconv.learnable import kinds_in
from snnconv.training.run import Run

from .conftest import Command
from .test_errors import contents

TRAIN = ("--epochs", "2", "--batch-size", "5", "--augment", "none")


def arguments(files: Path, *more: object) -> list[object]:
    data = f"npz:{files}/data.npz"
    return ["finetune", files / "net.pt", "--data", data, "--val", data, *TRAIN, *more]


def loaded(path: str) -> fx.GraphModule:
    network = snnconv.load(path)
    assert isinstance(network, fx.GraphModule)
    return network


def test_from_a_file_to_a_file(command: Command, files: Path) -> None:
    ended = command(*arguments(files))
    assert ended.code == 0, ended
    assert sorted(os.listdir()) == ["net.clipped.pt2", "snnconv-out"]
    assert "checkpoint.pt" in os.listdir("snnconv-out/finetune")
    assert "saved net.clipped.pt2" in ended.out
    assert "next: snnconv sweep net.clipped.pt2" in ended.out
    source = torch.load(files / "net.pt", weights_only=False).state_dict()
    network = loaded("net.clipped.pt2")
    assert set(network.state_dict()) == {*source, "1.threshold", "3.threshold"}
    assert kinds_in(network) == {"clip"}


def test_the_output_goes_everywhere(command: Command, files: Path) -> None:
    """It is converted, measured, inspected and trained on like any other model."""
    assert command(*arguments(files, "-o", "c.pt2", "--activation", "qcfs", "--levels", "8", "-q")).code == 0
    ended = command("convert", "c.pt2", "--method", "sdm", "-o", "snn.pt2", "--json")
    assert ended.code == 0, ended
    assert json.loads(ended.out)["settings"]["threshold"].startswith("learned")
    network = loaded("c.pt2")
    snn = snnconv.load("snn.pt2")
    assert isinstance(snn, snnconv.SpikingNetwork)
    for name, site in snn.plan.sites.items():
        assert site.threshold is not None
        assert torch.equal(site.threshold, network.get_submodule(name).ceiling)  # type: ignore[arg-type]
    assert command("inspect", "c.pt2").code == 0
    assert command("sweep", "c.pt2", "--data", f"npz:{files}/data.npz", "--method", "sdm", "--T", "1,2").code == 0
    data = f"npz:{files}/data.npz"
    again = ("finetune", "c.pt2", "--data", data, "--val", data, *TRAIN, "-o", "d.pt2", "--folder", "more")
    assert command(*again).code == 0
    assert kinds_in(loaded("d.pt2")) == {"qcfs"}
    assert command(*again[:-4], "-o", "e.pt2", "--folder", "else", "--activation", "clip").code == 0
    assert kinds_in(loaded("e.pt2")) == {"clip"}


def test_json(command: Command, files: Path) -> None:
    ended = command(*arguments(files, "--json", "--activation", "sd", "--alpha", "0.5", "--beta", "2", "--T", "2"))
    assert ended.code == 0, ended
    document = json.loads(ended.out)
    assert ended.out.count("\n") == 1
    assert document["output"] == "net.clipped.pt2"
    assert [epoch["epoch"] for epoch in document["epochs"]] == [0, 1, 2]
    assert document["accuracy"] == document["epochs"][-1]["val_accuracy"]
    assert document["configuration"]["activation"]["T"] == 2
    assert document["provenance"]["command"].startswith("snnconv finetune")


def test_the_normalisation_stays(command: Command, files: Path) -> None:
    assert command(*arguments(files, "--mean", "0.5", "--std", "0.25", "-o", "c.pt2")).code == 0
    ended = command("convert", "c.pt2", "-o", "snn.pt2")
    assert ended.code == 0, ended
    snn = snnconv.load("snn.pt2")
    assert isinstance(snn, snnconv.SpikingNetwork)
    assert snn.plan.normalization == {"mean": [0.5], "std": [0.25]}


@pytest.mark.slow
def test_killed_and_given_again(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_step(self: Run, *given: Any) -> None:
        if self.step == 6:
            raise KeyboardInterrupt
        plain(self, *given)

    plain = Run.one_step
    with monkeypatch.context() as patch:
        patch.setattr(Run, "one_step", one_step)
        ended = command(*arguments(files, "--save-every", "1"))
        assert (ended.code, ended.err.split()[-1]) == (130, "interrupted")
        assert "the same command again continues" in ended.err
    assert not Path("net.clipped.pt2").exists()
    ended = command(*arguments(files, "--resume"))
    assert ended.code == 0, ended
    assert "continuing at batch 2 of epoch 2" in ended.err
    whole = command(*arguments(files, "--folder", "whole", "-o", "whole.pt2"))
    assert whole.code == 0
    ours, theirs = loaded("net.clipped.pt2").state_dict(), loaded("whole.pt2").state_dict()
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())


def test_overwrite_starts_afresh(command: Command, files: Path) -> None:
    assert command(*arguments(files)).code == 0
    assert "the output exists" in command(*arguments(files)).err
    ended = command(*arguments(files, "-o", "other.pt2", "--lr", "0.02"))
    assert ended.code == 2
    assert "settings.lr: 0.01 → 0.02" in ended.err
    assert command(*arguments(files, "--lr", "0.02", "--overwrite")).code == 0


DATA = " --data npz:{files}/data.npz"
VAL = " --val npz:{files}/data.npz"
NET = "finetune {files}/net.pt"
ERRORS: dict[str, tuple[str, ...]] = {
    NET + DATA: ("Missing option '--val'",),
    NET + VAL: ("Missing option '--data'",),
    NET + DATA + " --val npz:missing.npz": ("no such data file", "missing.npz"),
    NET + DATA + " --val npz:{files}/empty.npz": ("empty.npz",),
    NET + DATA + " --val npz:{files}/labels.npz": ("label is out of range", "0 to 9", "validation batch"),
    NET + VAL + " --data npz:{files}/labels.npz": ("label is out of range", "0 to 9", "training batch"),
    NET + VAL + " --data npz:{files}/nan.npz": ("NaN",),
    NET + DATA + VAL + " --activation qcsf": ("unknown activation 'qcsf'", "did you mean 'qcfs'"),
    NET + DATA + VAL + " --levels 4": ("'clip' has no option levels",),
    NET + DATA + VAL + " --activation qcfs --levels 0": ("levels is out of range",),
    NET + DATA + VAL + " --init percentil": ("did you mean 'percentile'",),
    NET + DATA + VAL + " --init -3": ("a number above 0",),
    NET + DATA + VAL + " --maxpool mean": ("--maxpool", "'avg'"),
    NET + DATA + VAL + " --epochs 0": ("epochs is out of range",),
    NET + DATA + VAL + " --optimizer sgdm": ("did you mean 'sgd'",),
    NET + DATA + VAL + " --schedule steps": ("did you mean 'step'",),
    NET + DATA + VAL + " --augment crop,flop": ("did you mean 'flip'",),
    NET + DATA + VAL + " --log wandb": ("unknown log", "csv, tensorboard"),
    NET + DATA + VAL + " --precision fp8": ("unknown precision",),
    NET + DATA + VAL + " --device gpu": ("device 'gpu'",),
    NET + DATA + VAL + " -o {files}/snn.pt2": ("output exists", "--overwrite"),
    NET + DATA + VAL + " -o nowhere/c.pt2": ("folder of the output does not exist",),
    NET + DATA + VAL + " --folder {files}/net.pt": ("output folder is a file",),
    NET + DATA + VAL + " --resume --overwrite": ("--resume continues",),
    "finetune {files}/snn.pt2" + DATA + VAL: ("converted already", "finetune the network it was made from"),
    "finetune {files}/missing.pt" + DATA + VAL: ("no such file",),
}


@pytest.mark.parametrize("line", ERRORS)
def test_error(line: str, command: Command, files: Path) -> None:
    before = contents(files)
    ended = command(*line.format(files=files).split())
    assert ended.code == 2, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
    for part in ERRORS[line]:
        assert part in ended.err
    assert not list(Path().glob("*.pt2"))
    assert contents(files) == before


def test_without_the_engine_it_fails_first(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise InputError("fine-tuning needs Lightning Fabric", remedy='pip install "snnconv[train]"')

    monkeypatch.setattr("snnconv.training.engine.require_fabric", absent)
    ended = command(*arguments(files))
    assert ended.code == 2
    assert 'pip install "snnconv[train]"' in ended.err
    assert os.listdir() == []
