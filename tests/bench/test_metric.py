"""Sweeps judged by other things than top-1: with labels and without, resumed and in parts, with intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.bench import Sweep, sweep
from snnconv.data import open_data
from snnconv.measure.intervals import wilson
from snnconv.measure.metrics import METRICS

CLASSES, SAMPLES = 7, 60


@pytest.fixture
def network() -> SpikingNetwork:
    layers = [nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, CLASSES)]
    return snnconv.convert(nn.Sequential(*layers).eval(), 4, data=[torch.randn(8, 1, 8, 8)], method="sdm-zero")


@pytest.fixture
def folder(tmp_path: Path, network: SpikingNetwork) -> Path:
    x = torch.randn(SAMPLES, 1, 8, 8)
    y = network.ann(x).argmax(1)
    y[::3] = (y[::3] + 1) % CLASSES
    np.savez(tmp_path / "labelled.npz", x=x.numpy(), y=y.numpy())
    np.savez(tmp_path / "bare.npz", x=x.numpy())
    return tmp_path


def by_hand(name: str, snn: SpikingNetwork, path: Path, T: int) -> float:
    found = np.load(path)
    x, y = torch.tensor(found["x"]), torch.tensor(found["y"]) if "y" in found else None
    mine, ann = snn.run(x, T=T).logits[-1], snn.ann(x).detach()
    if name == "error":
        return 100 * float((mine - ann).double().norm() / ann.double().norm())
    if name == "agreement":
        return 100 * float((mine.argmax(1) == ann.argmax(1)).double().mean())
    assert y is not None
    if name == "top5":
        return 100 * float((mine.topk(5).indices == y[:, None]).any(1).double().mean())
    right = (mine.argmax(1) == y).double()
    if name == "mean-per-class":
        return 100 * float(torch.stack([right[y == label].mean() for label in y.unique()]).mean())
    return 100 * float(right.mean())


@pytest.mark.parametrize("name", METRICS)
def test_every_metric(name: str, network: SpikingNetwork, folder: Path) -> None:
    labelled = METRICS[name].labelled
    path = folder / ("labelled.npz" if labelled else "bare.npz")
    result = sweep(network, open_data(f"npz:{path}", batch_size=16), (1, 4), metric=name, baselines="none")
    assert result.metric == name
    for row in result.rows:
        assert row.accuracy == pytest.approx(by_hand(name, network, path, row.T), rel=1e-6)
        assert row.accuracy_low is not None
        assert row.accuracy_high is not None
        assert row.difference_low is not None
        assert row.difference_high is not None
        assert row.accuracy_low <= row.accuracy <= row.accuracy_high
        assert row.difference_low <= row.accuracy - result.ann_accuracy <= row.difference_high
    if not labelled:
        assert result.ann_accuracy == (100 if METRICS[name].higher else 0)
        with pytest.raises(InputError, match="needs labels"):
            sweep(network, open_data(f"npz:{path}"), (1,), metric="top1")


def test_what_is_without_labels_is_compared_with_the_ann(network: SpikingNetwork, folder: Path) -> None:
    assert sweep(network, open_data(f"npz:{folder}/bare.npz"), (1,), baselines="none").metric == "agreement"
    assert sweep(network, open_data(f"npz:{folder}/labelled.npz"), (1,), baselines="none").metric == "top1"
    loader = [torch.randn(8, 1, 8, 8) for _ in range(2)]
    assert sweep(network, loader, (1,), metric="error", baselines="none").samples == 16
    with pytest.raises(InputError, match="no labels"):
        sweep(network, loader, (1,))
    with pytest.raises(InputError, match="unknown metric 'top2'"):
        sweep(network, loader, (1,), metric="top2")


@pytest.mark.parametrize("name", ["error", "mean-per-class"])
def test_resumed_and_batched_otherwise_it_is_the_same(name: str, network: SpikingNetwork, folder: Path) -> None:
    data = f"npz:{folder}/labelled.npz"
    whole = sweep(network, open_data(data, batch_size=16), (1, 2), folder=folder / "a", metric=name)
    lines = (folder / "a" / "sweep.jsonl").read_text().splitlines()
    (folder / "b").mkdir()
    (folder / "b" / "sweep.jsonl").write_text("\n".join(lines[:-2]) + "\n")
    again = sweep(network, open_data(data, batch_size=16), (1, 2), folder=folder / "b", metric=name)
    assert again.rows == whole.rows
    assert again.baselines == whole.baselines
    other = sweep(network, open_data(data, batch_size=7), (1, 2), metric=name)
    assert [row.accuracy for row in other.rows] == pytest.approx([row.accuracy for row in whole.rows], rel=1e-6)
    with pytest.raises(InputError, match=r"another configuration|of another"):
        sweep(network, open_data(data, batch_size=16), (1, 2), folder=folder / "b", metric="top5")


def test_intervals_are_those_of_wilson(network: SpikingNetwork, folder: Path) -> None:
    result = sweep(network, open_data(f"npz:{folder}/labelled.npz"), (2,), folder=folder / "out")
    (row,) = result.rows
    hits = round(row.accuracy * SAMPLES / 100)
    assert (row.accuracy_low, row.accuracy_high) == pytest.approx([100 * end for end in wilson(hits, SAMPLES)])
    assert Sweep.load(folder / "out") == result


def test_methods_are_compared_by_what_is_better_when_higher(network: SpikingNetwork, folder: Path) -> None:
    with pytest.raises(InputError, match="more is better"):
        snnconv.compare(network.ann, open_data(f"npz:{folder}/bare.npz"), "if", (1,), metric="error")
