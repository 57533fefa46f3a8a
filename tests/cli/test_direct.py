"""Networks that spike by themselves, where a conversion is asked for: one error that says what to do instead."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from .conftest import Command

SVFORMER = (
    "snnconv:svformer --arch-arg variant=3stg --arch-arg T=4 --arch-arg size=32 --arch-arg in_channels=1 "
    "--num-classes 4"
)
WHOLE = ("the network spikes by itself and is not converted", "anytime, robustness or energy", "neuron=relu")
DATA = "--data npz:clips.npz?layout=NTHW"
REFUSED = {
    f"convert {SVFORMER}": WHOLE,
    f"sweep {SVFORMER} {DATA}": WHOLE,
    f"latency {SVFORMER} {DATA}": WHOLE,
    f"robustness {SVFORMER} {DATA} --method if": ("spikes by itself", "takes no --method", "neuron=relu"),
    f"robustness {SVFORMER} {DATA} --T 4": ("no time steps to choose",),
    f"energy {SVFORMER} {DATA} --calib fashion": ("spikes by itself", "takes no --calib"),
    f"energy {SVFORMER} {DATA} --encoder once": ("spikes by itself", "takes no --encoder"),
    f"energy {SVFORMER} --data npz:other.npz?layout=NTHWC": (
        "the data do not go into the network",
        "1×4×32×32",
        "3×4×32×32",
    ),
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused(command: Command, line: str) -> None:
    x, y = np.random.default_rng(0).integers(0, 256, (6, 4, 32, 32), dtype=np.uint8), np.arange(6) % 4
    np.savez("clips.npz", x=x, y=y)
    np.savez("other.npz", x=np.repeat(x[..., None], 3, -1), y=y)
    ended = command(*line.split(), "-q")
    assert (ended.code, ended.out) == (2, ""), ended
    assert ended.err.count("error:") == 1
    assert all(said in ended.err for said in REFUSED[line])
    assert "Traceback" not in ended.err
    assert sorted(name for name in os.listdir() if Path(name).is_file()) == ["clips.npz", "other.npz"]
