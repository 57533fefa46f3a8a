"""Fine-tuning recipes: what the paper says, unless somebody says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError
from snnconv.papers import recipes
from snnconv.training import RECIPES, finetune

VIDEO = ("ucf101", "hmdb51")


def test_the_tables_train_alike() -> None:
    """Every network of the SDM paper's video tables trains as the recipe of the fine-tuning says, and no other way."""
    tables = [recipes()[name] for name in recipes() if name.startswith("sdm-")]
    rows = [row for recipe in tables for row in recipe.rows if row.training is not None and row.data in VIDEO]
    assert {row.training.activation for row in rows} == {"clip", None}  # type: ignore[union-attr]
    assert {(row.training.recipe, *row.training.settings) for row in rows} == {("sdm",)}  # type: ignore[union-attr]


def test_settings_are_the_papers(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    nn.init.constant_(network[1].bias, 1.0)  # type: ignore[arg-type]
    data = [(torch.rand(4, 4), torch.tensor([0, 1, 0, 1]))]
    clipped = snnconv.clip(network, data=data)
    result = finetune(clipped, data, data, folder=tmp_path, recipe="sdm", epochs=1)
    chosen = result.configuration["settings"]
    expected = {**RECIPES["sdm"].values, "epochs": 1, "augment": []}  # a loader augments by itself
    assert {name: chosen[name] for name in expected} == expected
    with pytest.raises(InputError, match="unknown fine-tuning recipe 'sdn'"):
        finetune(clipped, data, data, folder=tmp_path / "other", recipe="sdn")


def test_the_paper() -> None:
    """You et al., IEEE TCDS 2024: SGD 0.9, 1e-5, 1e-3 a tenth every 20 epochs, batches of 16, averages for maxima."""
    recipe = RECIPES["sdm"]
    said = {name: each.value for name, each in recipe.chosen({}).items() if each.source == "paper"}
    assert said == {
        "optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-5, "lr": 1e-3, "schedule": "step", "batch_size": 16,
        "activation": "clip", "maxpool": "avg",
    }  # fmt: skip
    assert recipe.chosen({"lr": 0.1})["lr"] == (0.1, "given")
