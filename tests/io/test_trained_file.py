"""Files of trained networks: they open by themselves, and name no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import snnconv
from snnconv import InputError
from snnconv.io import open_model
from snnconv.io.trained_file import KEY, Origin, is_trained, origin_of, save_trained, stored_normalization
from snnconv.models import svformer

ARGUMENTS = {"variant": "3stg", "size": "(32, 40)", "in_channels": "1", "T": "4"}
ORIGIN = Origin("snnconv:svformer", 4, ARGUMENTS, ((1, 4, 32, 40),))
NORMALIZATION = {"mean": [0.5], "std": [0.25]}


@pytest.fixture
def saved(tmp_path: Path) -> tuple[torch.nn.Module, Path]:
    torch.manual_seed(0)
    network = svformer("3stg", 4, T=4, size=(32, 40), in_channels=1)
    network(torch.rand(4, 1, 4, 32, 40))  # statistics
    path = tmp_path / "net.pt"
    save_trained(network, path, ORIGIN, normalization=NORMALIZATION, training={"epochs": 3})
    return network.eval(), path


def rewritten(path: Path, **changes: Any) -> Path:
    document = torch.load(path, weights_only=True)
    document[KEY] = json.dumps({**json.loads(document[KEY]), **changes})
    torch.save(document, path)
    return path


def test_it_opens_without_being_told_how(saved: tuple[torch.nn.Module, Path]) -> None:
    network, path = saved
    found = open_model(str(path))
    clips = torch.rand(2, 1, 4, 32, 40)
    assert isinstance(found.model, torch.nn.Module)
    assert torch.equal(found.model(clips), network(clips))
    assert not found.model.training
    assert "trained SVFormer" in found.description
    assert found.notes == ()
    assert is_trained(found.extra)
    assert stored_normalization(found.extra, "here") == NORMALIZATION
    assert origin_of(found.extra, "here") == ORIGIN


def test_weights_alone_are_read_too(saved: tuple[torch.nn.Module, Path]) -> None:
    network, path = saved
    arguments = [f"{name}={value}" for name, value in ARGUMENTS.items()]
    found = open_model(str(path), arch="snnconv:svformer", num_classes=4, arch_args=arguments)
    assert isinstance(found.model, torch.nn.Module)
    assert torch.equal(found.model.state_dict()["head.weight"], network.state_dict()["head.weight"])


def test_it_converts_without_data(tmp_path: Path) -> None:
    """The shape of the inputs is in the file."""
    network = snnconv.models.small_cnn3d(3, 1)
    save_trained(network, tmp_path / "a.pt", Origin("snnconv:small_cnn3d", 3, {"in_channels": "1"}, ((1, 8, 16, 20),)))
    opened = open_model(str(tmp_path / "a.pt")).model
    assert snnconv.convert(opened, T=2).run(torch.rand(2, 1, 8, 16, 20)).logits.shape == (2, 2, 3)


def test_what_would_fetch_something_is_not_kept(tmp_path: Path) -> None:
    network = snnconv.models.fashion_cnn(pretrained=True)
    save_trained(network, tmp_path / "a.pt", Origin("snnconv:fashion_cnn", None, {"pretrained": "true"}))
    found = open_model(str(tmp_path / "a.pt"))
    assert origin_of(found.extra, "here").arch_args == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spec": "os:system"}, "names os:system, which could be any code"),
        ({"spec": "snnconv.cli.main:main"}, "could be any code"),
        ({"spec": "snnconv:nothing"}, r"cannot be built: snnconv has no model 'nothing'(.|\n)*net\.pt"),
        ({"num_classes": 0}, r"is damaged(.|\n)*expected: int >= 1(.|\n)*num_classes in .*net\.pt"),
        ({"arch_args": {"weights": "DEFAULT"}}, "the file asks for another file"),
        ({"arch_args": {"checkpoint_path": "x"}}, "the file asks for another file"),
        ({"arch_args": {}}, "the weights do not fit"),
        ({"arch_args": 3}, "is damaged"),
        ({"num_classes": "many"}, "is damaged"),
        ({"num_classes": 5}, "the weights do not fit"),
        ({"format": 2}, "has format 2"),
    ],
)
def test_files_that_were_changed(saved: tuple[torch.nn.Module, Path], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_model(str(rewritten(saved[1], **changes)))


def test_an_import_path_needs_the_users_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file names is not even imported."""
    (tmp_path / "mine.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    save_trained(torch.nn.Linear(2, 2), tmp_path / "a.pt", Origin("mine:net"))
    with pytest.raises(InputError, match="--arch mine:net"):
        open_model(str(tmp_path / "a.pt"))


def test_nothing_is_written_over_unasked(saved: tuple[torch.nn.Module, Path]) -> None:
    network, path = saved
    with pytest.raises(InputError, match="exists"):
        save_trained(network, path, ORIGIN, overwrite=False)
