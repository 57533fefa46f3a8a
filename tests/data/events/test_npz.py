"""Recordings in an npz file: made up ones, and real ones of N-MNIST."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snnconv.data import open_data
from snnconv.errors import InputError

from .made import counted, made, write_atis

LENGTHS = (40, 90, 60)
STORED = np.dtype([("x", "u1"), ("y", "u1"), ("p", "u1"), ("t", "<u4")])
FOLDER = os.environ.get("SNNCONV_DATA")


def arrays() -> dict[str, Any]:
    recordings = [made(length, 10, seed) for seed, length in enumerate(LENGTHS)]
    events = np.concatenate(recordings).astype(STORED)
    return {
        "events": events,
        "offsets": np.cumsum([0, *LENGTHS]),
        "y": np.array([2, 0, 1], np.uint8),
        "is_test": np.array([True, False, True]),
    }


def save(path: Path, **changed: Any) -> str:
    np.savez_compressed(path, **{**arrays(), **changed})
    return f"events:{path}"


def test_both_parts(tmp_path: Path) -> None:
    spec = save(tmp_path / "a.npz")
    ((x, y),) = source = open_data(f"{spec}?frames=5")
    assert (source.classes, source.shape) == (3, (2, 5, 10, 10))
    assert y.tolist() == [2, 1]
    for found, seed in zip(x.numpy(), (0, 2)):
        assert np.array_equal(found, counted(made(LENGTHS[seed], 10, seed), 5, "count", 10, 1))
    ((x, y),) = open_data(f"{spec}:train?frames=5&by=time&size=5")
    assert y.tolist() == [0]
    assert np.array_equal(x[0].numpy(), counted(made(LENGTHS[1], 10, 1), 5, "time", 5, 2))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"events": np.zeros((190, 4), int)}, "events without the fields"),
        ({"events": np.zeros(190, [("x", "u1"), ("y", "u1"), ("p", "u1")])}, "events without the fields"),
        ({"events": np.zeros(190, [(name, "f4") for name in "xypt"])}, "events without the fields"),
        ({"y": np.array([0.0, 1.0, 2.0])}, "labels that are not"),
        ({"y": np.array([0, 1, -2])}, "labels that are not"),
        ({"is_test": np.array([1, 0, 1])}, "is_test that is not"),
        ({"is_test": np.array([True, False])}, "is_test that is not"),
        ({"offsets": np.array([0, 40, 130])}, "offsets that are not"),
        ({"offsets": np.array([0.0, 40, 130, 190])}, "offsets that are not"),
        ({"offsets": np.array([0, 40, 130, 191])}, "do not rise from 0"),
        ({"offsets": np.array([0, 130, 40, 190], np.uint64)}, "do not rise from 0"),
        ({"offsets": np.array([0, 40, 40, 190])}, "do not rise from 0"),
        ({"is_test": np.array([False] * 3)}, "holds no test recordings"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=rf"{problem}(.|\n)*bad\.npz"):
        open_data(save(tmp_path / "bad.npz", **changed))


def test_missing_keys_and_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data file"):
        open_data(f"events:{tmp_path}/none.npz")
    np.savez(tmp_path / "images.npz", x=np.zeros((3, 8, 8), np.uint8), y=np.zeros(3, int))
    with pytest.raises(InputError, match=r"no events and no offsets(.|\n)*images\.npz"):
        open_data(f"events:{tmp_path}/images.npz")


@pytest.mark.skipif(not FOLDER, reason="SNNCONV_DATA names no folder with nmnist_events.npz")
def test_real_recordings(tmp_path: Path) -> None:
    """Every event is in one frame; the same recording as a file of N-MNIST gives the same frames."""
    path = Path(str(FOLDER)) / "nmnist_events.npz"
    with np.load(path) as file:
        events, offsets, labels, is_test = (file[key] for key in ("events", "offsets", "y", "is_test"))
    for part, chosen in (("test", is_test), ("train", ~is_test)):
        source = open_data(f"events:{path}:{part}?by=time")
        assert (len(source), source.classes, source.shape) == (int(chosen.sum()), 10, (2, 16, 34, 34))
        for (x, y), start in zip(source, range(0, len(source), 64)):
            numbers = np.flatnonzero(chosen)[start : start + 64]
            assert y.tolist() == labels[numbers].tolist()
            assert x.sum((1, 2, 3, 4)).tolist() == (offsets[numbers + 1] - offsets[numbers]).tolist()
    first = int(np.flatnonzero(is_test)[0])
    recording = events[offsets[first] : offsets[first + 1]]
    write_atis(tmp_path / "Test" / str(labels[first]) / "1.bin", recording)
    ((alone, _),) = open_data(f"nmnist:{tmp_path}")
    x, _ = next(iter(open_data(f"events:{path}", batch_size=1)))
    assert np.array_equal(alone.numpy(), x.numpy())
    assert np.array_equal(alone[0].numpy(), counted(recording, 16, "count", 34, 1))
