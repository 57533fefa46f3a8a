"""`data=`: batches, a data source by name, or an error that says what to write instead."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import snnconv
from snnconv import InputError, SpikingNetwork, bench
from snnconv.convert.data_argument import takes_data
from snnconv.data import DataSource, Normalization, open_data
from snnconv.training import finetune, train
from snnconv.tuning import tune
from snnconv.verification import verify

X, Y = torch.rand(8, 3, 4, 4), torch.arange(8) % 4
ENTRANCES: dict[str, Callable[..., Any]] = {
    "convert": snnconv.convert, "inspect": snnconv.inspect, "clip": snnconv.clip, "verify": verify, "tune": tune,
    "finetune": finetune, "train": train,
    **{name: getattr(bench, name) for name in (
        "sweep", "latency", "energy", "robustness", "diagnose", "grid", "anytime", "attention",
    )},
}  # fmt: skip


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.ReLU(), nn.Linear(8, 4)).eval()


@pytest.fixture(scope="module")
def snn() -> SpikingNetwork:
    return snnconv.convert(network(), 2, data=[X], method="sdm")


@pytest.fixture
def source(tmp_path: Path) -> str:
    np.savez(tmp_path / "data.npz", x=X.numpy(), y=Y.numpy())
    return f"npz:{tmp_path / 'data.npz'}"


@pytest.mark.parametrize("name", ENTRANCES)
def test_every_entrance(name: str) -> None:
    """What takes data refuses a lone tensor in the same words, before anything runs."""
    function = ENTRANCES[name]
    taken = {"data", "val"} & set(inspect.signature(function).parameters)
    assert "data" in taken
    for argument in taken:
        given = {**{key: [X] for key in taken}, argument: X}
        bound = {p.name: None for p in inspect.signature(function).parameters.values() if p.default is p.empty}
        with pytest.raises(InputError, match=rf"{argument} holds no batches(.|\n)*{argument}=\[x\]"):
            function(**{**bound, **given})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X, r"one tensor \[8, 3, 4, 4\](.|\n)*data=\[x\], or x.split\(64\)"),
        (X.numpy(), r"one array \[8, 3, 4, 4\](.|\n)*torch.from_numpy"),
        ((X, Y), r"samples and labels(.|\n)*data=\[\(x, y\)\]"),
        ([X.numpy(), Y.numpy()], r"samples and labels(.|\n)*data=\[\(x, y\)\]"),
        ({"x": X}, r"one batch, a dict(.|\n)*data=\[batch\]"),
        (TensorDataset(X, Y), r"a TensorDataset, which gives samples(.|\n)*DataLoader\(dataset, batch_size=64\)"),
        (5, r"got: int"),
        ("nowhere:file", "unknown data source"),
        ("file.npz", "unknown data source|starts with its kind"),
    ],
)
def test_what_to_write_instead(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        snnconv.inspect(network(), data=data)


@pytest.mark.parametrize(
    "data",
    [[X], [(X, Y)], (X, X), [X, X], DataLoader(TensorDataset(X, Y), 4)],
    ids=["x", "xy", "(x, x)", "2x", "loader"],
)
def test_batches_are_taken(data: Any) -> None:
    assert snnconv.inspect(network(), data=data).activations == (1, 1)


def test_sources_by_name(source: str, snn: SpikingNetwork) -> None:
    assert snnconv.convert(network(), 2, data=source).plan.settings["calibration"] == source
    curves = bench.sweep(snn, source, [1, 2])
    assert curves.data == source
    assert curves.rows == bench.sweep(snn, [(X, Y)], [1, 2]).rows
    assert bench.diagnose(snn, data=source).samples == 8
    assert bench.energy(snn, source).samples == 8


def test_sources_are_normalised_as_the_network_was_calibrated(source: str) -> None:
    half = Normalization((0.5,), (0.5,))
    snn = snnconv.convert(network(), 2, data=open_data(source, normalization=half), method="sdm")

    @takes_data("data")
    def read(networks: Any, data: Any) -> DataSource:
        return data

    for networks in (snn, {"a": snn}):
        assert read(networks, source).normalization == half
    assert read(network(), source).normalization is None
