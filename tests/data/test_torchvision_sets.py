"""Data sets that torchvision reads: files in their own formats, written here, and what is said where there are none."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from snnconv.data import open_data
from snnconv.data.torchvision_sets import SETS
from snnconv.errors import InputError

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
Y = np.array([3, 1, 4, 1, 5], dtype=np.uint8)


def write_mnist(folder: Path, part: str, images: np.ndarray, labels: np.ndarray) -> None:
    """The IDX format: magic number, sizes, bytes."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for array, kind, magic in ((images, "images-idx3", 2051), (labels, "labels-idx1", 2049)):
        content = struct.pack(f">{1 + array.ndim}i", magic, *array.shape) + array.tobytes()
        (raw / f"{part}-{kind}-ubyte").write_bytes(content)
        (raw / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))


def test_train_and_test_parts(tmp_path: Path) -> None:
    write_mnist(tmp_path, "t10k", GREY, Y)
    write_mnist(tmp_path, "train", GREY[::-1][:3], Y[::-1][:3])
    source = open_data(f"torchvision:FashionMNIST:{tmp_path}", batch_size=2)
    x, y = zip(*source)
    assert (len(source), source.classes, source.shape) == (5, 10, (1, 28, 28))
    assert [len(batch) for batch in x] == [2, 2, 1]
    torch.testing.assert_close(torch.cat(x), torch.tensor(GREY)[:, None] / 255)
    assert torch.cat(y).tolist() == Y.tolist()
    assert len(open_data(f"torchvision:FashionMNIST:{tmp_path}:test")) == 5
    train = open_data(f"torchvision:FashionMNIST:{tmp_path}:train")
    assert next(iter(train))[1].tolist() == [5, 1, 4]


def test_a_set_with_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    savemat(tmp_path / "test_32x32.mat", {"X": COLOUR.transpose(1, 2, 3, 0), "y": Y[:, None]})
    monkeypatch.setattr("torchvision.datasets.svhn.check_integrity", lambda *_: True)  # its own files' checksums
    x, y = next(iter(open_data(f"torchvision:SVHN:{tmp_path}")))
    torch.testing.assert_close(x, torch.tensor(COLOUR).permute(0, 3, 1, 2) / 255)
    assert y.tolist() == Y.tolist()


@pytest.mark.parametrize("name", list(SETS))
@pytest.mark.parametrize("part", ["", ":train", ":test"])
def test_missing_files_say_how_to_get_them(tmp_path: Path, name: str, part: str) -> None:
    with pytest.raises(InputError, match=f"cannot read {name}(.|\n)*import {name}; {name}.*download=True") as error:
        open_data(f"torchvision:{name}:{tmp_path}{part}")
    chosen = "'train'" in str(error.value) or "train=True" in str(error.value)
    assert chosen == (part == ":train")


@pytest.mark.parametrize("argument", ["CIFAR10", "CIFAR10:", "CIFAR10:train", "CIFAR10::train"])
def test_the_folder_is_needed(argument: str) -> None:
    with pytest.raises(InputError, match="torchvision:NAME:DIR"):
        open_data(f"torchvision:{argument}")


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'CIFAR10'"):
        open_data(f"torchvision:CIFAR11:{tmp_path}")
