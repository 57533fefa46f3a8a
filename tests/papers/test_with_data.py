"""Published networks with their data and weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from snnconv import clip, convert
from snnconv.bench import sweep
from snnconv.convert.clip import clips_of
from snnconv.data import open_data
from snnconv.io.clip_file import save_clipped
from snnconv.io.factory import build
from snnconv.models import fashion_cnn
from snnconv.papers import Workspace, run_recipe
from snnconv.papers.data_sets import DATA_SETS, DataSet
from snnconv.papers.library import FOLDER

from .made import RECIPE


def test_a_published_network_with_its_data_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled data in the place of a data set of the papers: ANN, conversion and parameters in one recipe."""
    monkeypatch.setitem(DATA_SETS._entries, "ucf101", DataSet("UCF-101", "fashion:test", "fashion:train"))
    path, weights = tmp_path / "mine.toml", tmp_path / "weights.safetensors"
    path.write_text(RECIPE)
    network = fashion_cnn(pretrained=True)
    save_file(network.state_dict(), weights)
    without = run_recipe(str(path), Workspace(data_root=tmp_path))
    assert without.rows[0].measured == [None, pytest.approx(0.165322)]
    assert without.rows[0].why == "top-1 %: needs trained weights (--weights bundled=FILE)"
    run = run_recipe(str(path), Workspace(data_root=tmp_path, weights={"bundled": str(weights)}, limit=60))
    data, calib = open_data("fashion:test", limit=60), open_data("fashion:train", batch_size=100, limit=512)
    direct = sweep(convert(network, 4, data=calib, method="if"), data, (4,))
    assert run.rows[0].measured[0] == pytest.approx(direct.ann_accuracy)
    assert run.rows[1].measured[0] == pytest.approx(direct.rows[0].accuracy)
    assert (run.other, run.samples) == ("", 60)


def test_a_recipe_of_a_method_with_data_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as it is but for a smaller network, with random weights, on made-up images in the place of CIFAR-10."""
    path = tmp_path / "qcfs.toml"
    path.write_text((FOLDER / "qcfs.toml").read_text().replace("snnconv:vgg16_cifar", "snnconv:cifar_resnet20"))
    images, labels = np.random.default_rng(0).random((6, 3, 32, 32), dtype=np.float32), np.arange(6)
    np.savez(tmp_path / "cifar.npz", x=images, y=labels)
    source = f"npz:{tmp_path}/cifar.npz"
    monkeypatch.setitem(DATA_SETS._entries, "cifar10", DataSet("CIFAR-10", source, source))
    torch.manual_seed(0)
    network = build("snnconv:cifar_resnet20", num_classes=10).eval()
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    work = Workspace(data_root=tmp_path, weights={"cifar10/vgg16": str(tmp_path / "net.safetensors")})
    (row,) = run_recipe(str(path), work).rows
    direct = sweep(convert(network, 8, data=open_data(source), method="qcfs"), open_data(source), (2, 4, 8))
    assert row.measured == pytest.approx([direct.ann_accuracy, *(found.accuracy for found in direct.rows)])
    assert (row.published, row.why) == ([None, 90.94, 94.01, 95.01], "")


def test_a_network_trained_with_clips_stands_for_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its λ are learned: they are not calibrated."""
    monkeypatch.setitem(DATA_SETS._entries, "ucf101", DataSet("UCF-101", "fashion:test", "fashion:train"))
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.replace('name = "if", method = "if"', 'name = "qcfs", method = "qcfs"'))
    calib = open_data("fashion:train", limit=64)
    clipped = clip(fashion_cnn(pretrained=True), data=calib, activation="qcfs")
    for site in clips_of(clipped).values():
        site.threshold.data.mul_(0.5)  # no calibration finds these
    save_clipped(clipped, tmp_path / "clipped.pt2")
    run = run_recipe(str(path), Workspace(data_root=tmp_path, weights={"": str(tmp_path / "clipped.pt2")}, limit=60))
    ((images, labels),) = open_data("fashion:test", limit=60)
    for row, network in zip(run.rows, (clipped.eval(), convert(clipped, 4, method="qcfs"))):
        with torch.no_grad():
            right = (network(images).argmax(1) == labels).float().mean()
        assert row.measured[0] == pytest.approx(100 * float(right))
