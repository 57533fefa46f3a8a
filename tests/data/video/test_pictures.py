"""The size of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from snnconv.data.video.decode import read_frames
from snnconv.data.video.pictures import resizing

from .videos import frames_of, noise_of, write_video


@pytest.mark.parametrize(("height", "width", "edge", "shape"), [
    (32, 48, 64, (64, 96)), (48, 32, 24, (36, 24)), (32, 32, 20, (20, 20)), (32, 100, 33, (33, 103)),
])  # fmt: skip
def test_the_shorter_side_is_resized(tmp_path: Path, height: int, width: int, edge: int, shape: tuple) -> None:
    path = write_video(tmp_path / "a.mp4", frames_of(2, height, width))
    found = read_frames(str(path), lambda _: [1], resizing(edge, 8)).pictures[1]
    assert found.shape == (*shape, 3)
    assert found.dtype == np.uint8


def test_frames_of_the_right_size_are_not_resampled(tmp_path: Path) -> None:
    noise = noise_of(2, 16, 16)
    path = write_video(tmp_path / "a.mkv", noise, "ffv1", pix_fmt="bgr0")  # lossless
    found = read_frames(str(path), lambda _: [0, 1], resizing(18, 16)).pictures
    assert np.array_equal(np.stack([found[0], found[1]]), noise)
