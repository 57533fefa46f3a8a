"""A small network with everything that has a state in training, small labelled data, and quick settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import fx, nn

import snnconv
from snnconv.data import DataSource, Normalization
from snnconv.data.npz import from_arrays
from snnconv.training import FineTuning, finetune

CLASSES = 4
SHAPE = (2, 8, 8)
QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 8, "lr": 0.05, "save_every": 1}


def network(activation: str = "clip", **options: Any) -> fx.GraphModule:
    """BatchNorm, dropout and clips; the same one every time."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(2, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2), nn.Flatten())
    model = nn.Sequential(*layers, nn.Linear(54, 8), nn.ReLU(), nn.Linear(8, CLASSES))
    return snnconv.clip(model, data=[source(16).batch(0)], activation=activation, **options)


def source(count: int, seed: int = 0, batch_size: int = 8) -> DataSource:
    """Images whose class is the quadrant that is bright."""
    generator = np.random.default_rng(seed)
    y = np.arange(count) % CLASSES
    x = generator.random((count, *SHAPE), dtype=np.float32) * 0.5
    for image, label in zip(x, y):
        row, column = 4 * (label // 2), 4 * (label % 2)
        image[:, row : row + 4, column : column + 4] += 0.4
    samples = from_arrays([(x, y.astype(np.int64))])
    return DataSource(f"toy:{count}", samples, batch_size=batch_size, normalization=Normalization((0.3,), (0.3,)))


def train(folder: Path, clipped: nn.Module | None = None, **settings: Any) -> tuple[nn.Module, FineTuning]:
    """40 training and 20 other images: 5 batches an epoch."""
    clipped = network() if clipped is None else clipped
    data = settings.pop("data", None)
    return clipped, finetune(
        clipped, source(40) if data is None else data, source(20, seed=1), folder=folder, **{**QUICK, **settings}
    )


def same(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return set(ours) == set(theirs) and all(torch.equal(ours[name], value) for name, value in theirs.items())
