"""Files are told apart by what is in them."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from snnconv.errors import InputError
from snnconv.io import FileKind, detect

from .hostile import save_net


def script(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out, files of it are still around
        torch.jit.trace(nn.ReLU(), torch.ones(1)).save(path)  # type: ignore[no-untyped-call]


# ir_version 8, then the producer's name, or the opset straight away
MAKERS: list[tuple[FileKind, Callable[[Path], object]]] = [
    (FileKind.PROGRAM, save_net),
    (FileKind.PICKLE, lambda path: torch.save({"a": torch.ones(1)}, path)),
    (FileKind.PICKLE, lambda path: torch.save(nn.ReLU(), path, _use_new_zipfile_serialization=False)),
    (FileKind.SAFETENSORS, lambda path: save_file({"a": torch.ones(1)}, path)),
    (FileKind.TORCHSCRIPT, script),
    (FileKind.ONNX, lambda path: path.write_bytes(b"\x08\x08\x12\x07pytorch")),
    (FileKind.ONNX, lambda path: path.write_bytes(b"\x08\x0a\x3a\x02ab")),
]


@pytest.mark.parametrize(("kind", "make"), MAKERS)
def test_kinds_whatever_the_extension(kind: FileKind, make: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    make(path)
    assert detect(path) is kind


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04 and then nothing", "cut short or damaged"),
        ((1000).to_bytes(8, "little") + b'{"a":', "safetensors weights that are cut short"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b'{"abcd":{}}', "JSON"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (pickle.dumps([1]), "plain Python pickle"),
        (b"hello, this is a note\n", "text"),
        (b"\x00\x01\x02\xff", "unknown kind"),
    ],
)
def test_what_is_no_model(content: bytes, looks_like: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{looks_like}[\s\S]*model\.pt"):
        detect(path)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.jpg", "")
    with pytest.raises(InputError, match=r"zip archive with photo\.jpg"):
        detect(tmp_path / "photos.zip")


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_program_cut_short_is_not_taken_for_an_archive_inside_it(kept: float, tmp_path: Path) -> None:
    path = save_net(tmp_path / "m.pt2")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match="cut short"):
        detect(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        detect(tmp_path / "none.pt")
    with pytest.raises(InputError, match="folder"):
        detect(tmp_path)
