"""One door for every model: what it opens, what it says about it, and what it answers to each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torch.export import ExportedProgram

from snnconv.errors import InputError, UnsafeFileError
from snnconv.io import open_model

from .hostile import Payload, save_net
from .test_detect import script

ARCH = "torchvision:squeezenet1_1"


@pytest.fixture(scope="module")
def net() -> nn.Module:
    return torchvision.models.squeezenet1_1(weights=None, num_classes=7)


def weight(model: object) -> torch.Tensor:
    assert isinstance(model, nn.Module)
    return model.state_dict()["features.0.weight"]


def test_a_program_and_its_texts(tmp_path: Path) -> None:
    opened = open_model(str(save_net(tmp_path / "net.pt2", {"snnconv.json": "{}"})))
    assert isinstance(opened.model, ExportedProgram)
    assert opened.extra == {"snnconv.json": "{}"}
    assert opened.description == "net.pt2, an exported program"
    assert opened.notes == ()


def test_a_pickled_module(net: nn.Module, tmp_path: Path) -> None:
    torch.save(net, tmp_path / "net.pt")
    opened = open_model(str(tmp_path / "net.pt"))
    assert "pickled SqueezeNet" in opened.description
    torch.save({"state_dict": {k: v + 1 for k, v in net.state_dict().items()}}, tmp_path / "w.pth")
    other = open_model(str(tmp_path / "net.pt"), weights=str(tmp_path / "w.pth"))
    assert torch.equal(weight(other.model), weight(opened.model) + 1)


@pytest.mark.parametrize("form", ["checkpoint", "module", "safetensors"])
def test_weights_with_an_architecture(form: str, net: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    match form:
        case "checkpoint":
            torch.save({"model": {f"module.{k}": v for k, v in net.state_dict().items()}}, path)
        case "module":
            torch.save(net, path)
        case _:
            save_file(net.state_dict(), path)
    for opened in (
        open_model(str(path), arch=ARCH, num_classes=7),
        open_model(ARCH, weights=str(path), arch_args=["num_classes=7"]),
    ):
        assert torch.equal(weight(opened.model), weight(net))
        assert "weights of weights" in opened.description
        assert opened.notes == ()


def test_random_weights_are_announced() -> None:
    opened = open_model(ARCH)
    assert "random" in opened.description
    assert "--weights" in opened.notes[0]


def test_published_weights_are_not_called_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "pretrained_net.py").write_text("import torch\ndef make(pretrained): return torch.nn.ReLU()")
    assert open_model("pretrained_net:make", arch_args=["pretrained=True"]).notes == ()
    assert open_model("pretrained_net:make", arch_args=["pretrained=False"]).notes


@pytest.mark.parametrize("make", [lambda s, p: torch.save(s, p), lambda s, p: save_file(s, p)])
def test_weights_without_an_architecture(make: object, net: nn.Module, tmp_path: Path) -> None:
    make(net.state_dict(), tmp_path / "w")  # type: ignore[operator]
    with pytest.raises(InputError, match=r"no network[\s\S]*--arch torchvision:resnet18"):
        open_model(str(tmp_path / "w"))


def test_weights_of_another_network(net: nn.Module, tmp_path: Path) -> None:
    torch.save(net.state_dict(), tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"do not fit[\s\S]*classifier\.1\.bias is \(7,\), not \(9,\)[\s\S]*w\.pt"):
        open_model(str(tmp_path / "w.pt"), arch=ARCH, num_classes=9)
    opened = open_model(str(tmp_path / "w.pt"), arch=ARCH)
    assert opened.notes == (f"{ARCH} was built for 7 classes, as w.pt has them",)
    assert torch.equal(opened.model.classifier[1].weight, net.classifier[1].weight)  # type: ignore[union-attr]


def test_torchscript_is_told_by_its_content_and_what_to_do_instead(tmp_path: Path) -> None:
    script(tmp_path / "m.pt")
    for arch in (None, ARCH):
        with pytest.raises(InputError, match=r"TorchScript file, which cannot be converted[\s\S]*torch\.export\.save"):
            open_model(str(tmp_path / "m.pt"), arch=arch)


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08\x12\x07pytorch")
    with pytest.raises(InputError, match=r"not a file of weights[\s\S]*ONNX"):
        open_model(ARCH, weights=str(tmp_path / "m.onnx"))


def test_options_that_do_not_go_together(net: nn.Module, tmp_path: Path) -> None:
    program, pickled = str(save_net(tmp_path / "net.pt2")), str(tmp_path / "net.pt")
    torch.save(net, pickled)
    with pytest.raises(InputError, match="own network and weights"):
        open_model(program, weights=pickled)
    with pytest.raises(InputError, match="own network and weights"):
        open_model(program, arch=ARCH)
    with pytest.raises(InputError, match="go with an architecture"):
        open_model(pickled, num_classes=3)
    with pytest.raises(InputError, match="two files with weights"):
        open_model(pickled, arch=ARCH, weights=pickled)
    with pytest.raises(InputError, match="what a weights file is for"):
        open_model(ARCH, arch=ARCH)


@pytest.mark.parametrize(
    ("source", "found"),
    [("none.pt", "no such file"), ("folder/none.pt2", "no such file"), ("C:\\none.pt", "no such file"),
     ("resnet18", r"no such file[\s\S]*torchvision:resnet18")],
)  # fmt: skip
def test_what_is_not_there(source: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        open_model(source)


def test_hostile_files_are_refused_through_this_door_too(tmp_path: Path) -> None:
    torch.save(Payload(tmp_path / "sentinel"), tmp_path / "evil.pt")
    for source, weights in ((str(tmp_path / "evil.pt"), None), (ARCH, str(tmp_path / "evil.pt"))):
        with pytest.raises(UnsafeFileError):
            open_model(source, weights=weights)
    assert not (tmp_path / "sentinel").exists()
