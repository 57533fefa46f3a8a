"""`torchvision:NAME:DIR[:train]`: the data sets of small pictures that torchvision can read. Nothing is downloaded."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..fingerprint import digest
from ..registry import Registry
from .pictures import fetch_pictures
from .samples import DATA_SOURCES, Samples

# name → (classes, the argument that chooses train or test, its two values)
SETS: Registry[tuple[int, str, dict[str, Any]]] = Registry("torchvision data set")
for _name, _classes in {
    "CIFAR10": 10,
    "CIFAR100": 100,
    "MNIST": 10,
    "FashionMNIST": 10,
    "KMNIST": 10,
    "USPS": 10,
}.items():
    SETS.register(_name)((_classes, "train", {"train": True, "test": False}))
for _name in ("SVHN", "STL10"):
    SETS.register(_name)((10, "split", {"train": "train", "test": "test"}))


@DATA_SOURCES.register("torchvision")
def open_torchvision(argument: str) -> Samples:
    """A torchvision data set that is on disk already; its test part unless `:train` follows.

    Raises:
        InputError: the grammar or the name is wrong, or the files are not there; the remedy is the download line.
    """
    from torchvision import datasets  # slow to import

    name, _, folder = argument.partition(":")
    part = "test"
    if folder.rpartition(":")[2] in ("train", "test"):
        folder, _, part = folder.rpartition(":")
    if not folder:
        raise InputError(
            "a torchvision data set needs its folder",
            expected="torchvision:NAME:DIR or torchvision:NAME:DIR:train",
            got=f"torchvision:{argument}",
        )
    classes, keyword, values = SETS[name]
    choice = {keyword: values[part]}
    try:
        pictures = getattr(datasets, name)(folder, download=False, **choice)
    except ImportError as error:
        raise InputError(f"torchvision needs another package for {name}", got=str(error)) from error
    except (RuntimeError, OSError, ValueError, EOFError) as error:
        call = f"{name}({folder!r}, {keyword}={values[part]!r}, download=True)"
        raise InputError(
            f"torchvision cannot read {name} here",
            got=f"{type(error).__name__}: {error}",
            where=folder,
            remedy=f'fetch it once with python -c "from torchvision.datasets import {name}; {call}"',
        ) from error

    def load(position: int) -> tuple[Any, int]:
        picture, label = pictures[position]
        return picture, int(label)

    def identity(count: int) -> str:
        labels = pictures.targets if hasattr(pictures, "targets") else pictures.labels
        return digest(pictures.data[:count], np.asarray(labels[:count]))

    return Samples(fetch_pictures(load), len(pictures), classes=classes, digest=identity)
