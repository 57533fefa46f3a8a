"""Weights are found wherever training scripts put them, and fit or say what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from snnconv.errors import InputError
from snnconv.io import load_safetensors, load_weights, state_dict_of


def state() -> dict[str, torch.Tensor]:
    return {"0.weight": torch.ones(2, 2), "0.bias": torch.zeros(2)}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3, "optimizer": {"state": {}}},
        lambda s: {"model": s, "args": None},
        lambda s: {"model_state_dict": s},
        lambda s: {"net": s, "acc": 91.2},
        lambda s: {"ema": s},
        lambda s: {"model": {"state_dict": s}},
        lambda s: {"model": nn.Sequential(nn.Linear(2, 2))},
        lambda s: nn.Sequential(nn.Linear(2, 2)),
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": {f"module._orig_mod.{k}": v for k, v in s.items()}},
    ],
)
def test_where_weights_are(wrap: Any) -> None:
    assert set(state_dict_of(wrap(state()))) == {"0.weight", "0.bias"}


def test_a_prefix_of_some_names_stays() -> None:
    assert set(state_dict_of({"module.a": torch.ones(1), "b": torch.ones(1)})) == {"module.a", "b"}


@pytest.mark.parametrize(
    ("obj", "got"), [({"epoch": 1, "lr": 0.1}, "epoch, lr"), ({}, "nothing"), ([1], "type list"), (None, "NoneType")]
)
def test_no_weights(obj: object, got: str) -> None:
    with pytest.raises(InputError, match=rf"no weights found[\s\S]*state_dict[\s\S]*{got}"):
        state_dict_of(obj)


def test_weights_that_fit_and_that_do_not() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    load_weights(model, state())
    assert torch.equal(model[0].weight, torch.ones(2, 2))
    with pytest.raises(InputError, match=r"1 missing: 0\.bias; 1 unexpected: 1\.bias[\s\S]*file\.pt[\s\S]*--arch"):
        load_weights(model, {"0.weight": torch.ones(2, 2), "1.bias": torch.ones(2)}, "file.pt")
    with pytest.raises(InputError, match=r"0\.bias is \(3,\), not \(2,\)"):
        load_weights(model, {**state(), "0.bias": torch.ones(3)})
    many = {f"extra{i}": torch.ones(1) for i in range(9)}
    with pytest.raises(InputError, match="9 unexpected: extra0; extra1; extra2; extra3 …"):
        load_weights(model, {**state(), **many})


def test_counters_that_old_checkpoints_lack() -> None:
    norm = nn.BatchNorm2d(2)
    load_weights(norm, {k: v for k, v in norm.state_dict().items() if k != "num_batches_tracked"})


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(state(), path)
    assert torch.equal(load_safetensors(path)["0.weight"], torch.ones(2, 2))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match=r"cannot read the weights[\s\S]*w\.safetensors"):
        load_safetensors(path)
    with pytest.raises(InputError, match="cannot read the weights"):
        load_safetensors(tmp_path / "none")
