"""The scripts of examples/deploy give the accuracy of the network, without snnconv."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import snnconv
from snnconv.data import Normalization, open_data
from snnconv.export import FORMATS, export
from snnconv.io import open_model

from ..documents import ROOT

IMAGES, T = 300, 2
SCRIPTS = sorted((ROOT / "examples" / "deploy").glob("*.py"))
# script → format, its options, method, and the package that runs it
MADE: dict[str, tuple[str, dict[str, str], str, str]] = {
    "onnx_step": ("onnx-step", {}, "auto", "onnxruntime"),
    "pt2_step": ("pt2-step", {}, "auto", "torch"),
    "c_program": ("c", {}, "auto", "torch"),
    "nir_sinabs": ("nir", {"dialect": "sinabs"}, "if", "sinabs"),
    "nir_spikingjelly": ("nir", {"dialect": "spikingjelly"}, "if", "spikingjelly"),
    "spikingjelly_module": ("spikingjelly", {}, "if", "spikingjelly"),
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_gives_the_accuracy_of_the_network(script: Path, tmp_path: Path) -> None:
    to, options, method, package = MADE[script.stem]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    model = open_model("snnconv:fashion_cnn", arch_args=["pretrained=true"])
    train, test = (open_data(f"fashion:{split}", batch_size=100, limit=IMAGES) for split in ("train", "test"))
    snn = snnconv.convert(
        model.model, T, data=train, method=method, maxpool="avg" if method == "if" else "exact",
        weight_bits=8 if to == "c" else "float",
    )  # fmt: skip
    x, y = torch.cat([batch[0] for batch in test]), torch.cat([batch[1] for batch in test])
    assert isinstance(test.normalization, Normalization)
    known = test.normalization.to_dict()
    snn.plan.normalization = known
    mean, std = (torch.tensor(known[key]).view(-1, 1, 1) for key in ("mean", "std"))
    pixels = ((x * std + mean) * 255).round().to(torch.uint8)
    np.savez(tmp_path / "images.npz", x=pixels.numpy(), y=y.numpy())
    target = tmp_path / f"net{'' if FORMATS[to].folder else FORMATS[to].suffix}"
    export(snn, target, to, check=None, **options)
    line = [sys.executable, "-W", "ignore", script, target, tmp_path / "images.npz", str(T)]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(r"([\d.]+) % of (\d+) images", done.stdout)
    assert found
    wanted = 100 * float((snn(x).argmax(1) == y).double().mean())
    assert float(found[1]) == pytest.approx(wanted, abs=0.01)
    assert int(found[2]) == IMAGES


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_short_and_do_without_snnconv(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 32
    assert "import snnconv" not in text
    assert "from snnconv" not in text
