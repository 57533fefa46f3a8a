"""Networks of words from the command line: whole numbers in files stay whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from .conftest import Command


def test_words(tmp_path: Path, command: Command) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "words.npz", x=rng.integers(0, 50, (8, 12)), y=rng.integers(0, 4, 8))
    layers = nn.Embedding(50, 8), nn.Flatten(), nn.Linear(96, 8), nn.ReLU(), nn.Linear(8, 4)
    torch.save(nn.Sequential(*layers), tmp_path / "net.pt")
    data = "npz:words.npz"
    assert command("convert", "net.pt", "--calib", data, "-o", "snn.pt2").code == 0
    for arguments in (["sweep", "--T", "1,2"], ["diagnose"], ["verify"]):
        name, *options = arguments
        out = [] if name == "verify" else ["-o", name]
        assert command(name, "snn.pt2", "--data", data, *options, *out).code == 0, name
    mean = command("convert", "net.pt", "--calib", data, "--mean", "0.5", "--std", "0.5", "-o", "b.pt2")
    assert mean.code == 2
    assert "cannot be normalised" in mean.err
