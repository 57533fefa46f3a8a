"""An ONNX file from TensorFlow through the commands: channels last in the file, first everywhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ..io.onnx_files import save_tensorflow_net
from .conftest import Command

FOLDER = os.environ.get("SNNCONV_DATA")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(20) % 5)
    return save_tensorflow_net(tmp_path / "net.onnx")


def test_inspect_says_how_well_it_was_read(model: Path, command: Command) -> None:
    done = command("inspect", model)
    assert done.code == 0, done.err
    assert "the network takes channels first, such as (3, 8, 8)" in done.err
    assert "agrees with onnxruntime to" in done.err
    assert "1 of 1 activations can spike" in done.out
    quiet = command("inspect", model, "-q", "--json")
    assert quiet.err == ""
    document = json.loads(quiet.out)
    assert document["model"] == "net.onnx, an ONNX file"
    assert {entry["source"] for entry in document["sites"]} == {""}  # not the lines of what reads the file


def test_convert_then_sweep(model: Path, command: Command) -> None:
    scale = ("--mean", "0,0,0", "--std", "1,1,1")
    done = command("convert", model, "--calib", "npz:data.npz", *scale)
    assert done.code == 0, done.err
    assert "saved net.snn.pt2" in done.out
    data = ("--data", "npz:data.npz", "--T", "1,4", "--json")
    direct = command("sweep", model, *data, "--calib", "npz:data.npz", *scale, "-o", "a")
    saved = command("sweep", "net.snn.pt2", *data, "-o", "b")
    assert direct.code == saved.code == 0, direct.err + saved.err
    assert (Path("a") / "sweep.csv").read_text() == (Path("b") / "sweep.csv").read_text()


@pytest.mark.skipif(not FOLDER, reason="SNNCONV_DATA does not point at the CIFAR-10 data and the ONNX classifiers")
@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [("cifar10_small", "0,0,0", "1,1,1"), ("cifar_base_kw", "0.485,0.456,0.406", "0.225,0.225,0.225")],
)
def test_a_cifar_classifier_of_others(name: str, mean: str, std: str, command: Command) -> None:
    """The first is published at 63.1 % of 10,000 images, the second fixes its batch at 1 and has about 61 % here."""
    data = f"npz:{FOLDER}/cifar10_test_5000.npz"
    arguments = ("--calib", f"npz:{FOLDER}/cifar10_train_0.npz", "--mean", mean, "--std", std, "--limit", "200")
    done = command("sweep", f"{FOLDER}/onnx/{name}.onnx", "--data", data, *arguments, "--T", "8", "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert 52 <= result["ann_accuracy"] <= 72  # 200 images: ±7
    assert result["rows"][0]["accuracy"] >= result["ann_accuracy"] - 5
