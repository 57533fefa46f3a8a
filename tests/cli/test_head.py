"""A network of other classes goes on: `finetune` and `train --weights` give it a classifier for the data's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from snnconv.io import load_pickle, open_model, state_dict_of

from .conftest import Command
from .test_fitting import clips as clips  # a fixture: four clips in two classes
from .test_fitting import slowfast

ARCH = "tiny_video:slowfast"
POOLS = ("--arch-arg", "pools=((2, 2, 2), (8, 2, 2))")
QUICK = ("--epochs", "1", "--batch-size", "4", "--workers", "0")
HEAD = "blocks.2.1"


@pytest.fixture(autouse=True)
def checkpoint(tmp_path: Path, unpainted: None) -> None:
    """k7.pth: as a training framework writes it, of seven classes."""
    (tmp_path / "tiny_video.py").write_text("from tests.cli.test_fitting import slowfast\n")
    torch.manual_seed(1)
    state = {f"model.{name}": tensor for name, tensor in slowfast(7).state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3, "hyper_parameters": {"lr": 0.1}}, tmp_path / "k7.pth")


def body_of(network: torch.nn.Module) -> torch.Tensor:
    return network.get_parameter("blocks.0.multipathway_blocks.0.0.weight")


def test_finetune_gives_it_the_classes_of_the_data(command: Command, clips: str) -> None:
    line = ("finetune", "k7.pth", "--arch", ARCH, *POOLS, "--data", clips, "--val", clips, *QUICK, "--lr", "1e-9")
    ended = command(*line, "-o", "two.pt2", "--recipe", "sdm")
    assert ended.code == 0, ended
    told = " ".join(ended.err.split())
    assert "momentum 0.9 (paper), weight_decay 1e-05 (paper), lr 1e-09 (given), schedule step (paper)" in told
    assert "batch_size 4 (given), epochs 1 (given), augment crop+flip (ours); You et al., IEEE TCDS 2024" in told
    assert "data: 3×2×16×16 and 3×8×16×16: 8 frames, one of every 8, of a shorter side of 18, cut to 16²" in told
    assert f"the classifier is new: {HEAD} has 2 classes and random weights (in the file: 7 classes)" in ended.err
    assert "6 of 8 tensors were taken" in ended.err
    network = open_model("two.pt2").model
    source = state_dict_of(load_pickle("k7.pth"))
    assert torch.allclose(body_of(network), source["model.blocks.0.multipathway_blocks.0.0.weight"])
    assert network.get_parameter(f"{HEAD}.weight").shape == (2, 8)
    again = command(*line, "-o", "again.pt2", "--recipe", "sdm", "--folder", "again", "-q")
    assert again.code == 0, again
    assert torch.equal(
        open_model("again.pt2").model.get_parameter(f"{HEAD}.weight"), network.get_parameter(f"{HEAD}.weight")
    )


def test_a_classifier_that_is_kept(command: Command, clips: str) -> None:
    line = ("finetune", "k7.pth", "--arch", ARCH, *POOLS, "--data", clips, "--val", clips, "--head", "keep", *QUICK)
    refused = command(*line, "--num-classes", "2")
    assert refused.code == 2
    assert f"{HEAD}.weight is (7, 8), not (2, 8)" in refused.err
    assert "Traceback" not in refused.err
    ended = command(*line, "-o", "seven.pt2")
    assert ended.code == 0, ended
    assert "was built for 7 classes, as k7.pth has them" in ended.err
    assert open_model("seven.pt2").model.get_parameter(f"{HEAD}.weight").shape == (7, 8)


def test_train_from_weights(command: Command, clips: str) -> None:
    line = ("train", ARCH, *POOLS, "--weights", "k7.pth", "--data", clips, "--val", clips, *QUICK, "--lr", "1e-9")
    ended = command(*line, "-o", "two.pt")
    assert ended.code == 0, ended
    assert f"{HEAD} has 2 classes and random weights (in the file: 7 classes)" in ended.err
    state = state_dict_of(load_pickle("two.pt"))
    source = state_dict_of(load_pickle("k7.pth"))
    assert state[f"{HEAD}.weight"].shape == (2, 8)
    name = "blocks.0.multipathway_blocks.0.0.weight"
    assert torch.allclose(state[name], source[f"model.{name}"])
