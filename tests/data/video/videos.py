"""Small real video files, encoded here; how bright a frame is tells its place."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from torch import Tensor

SHARED = Path(os.environ.get("SNNCONV_DATA", "none")) / "clips"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="SNNCONV_DATA does not point at a folder with clips/")
DARKEST, STEP = 20, 5  # up to 48 frames can be told apart


def frames_of(count: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Grey frames [F, H, W, 3], each `STEP` brighter than the one before; the left third is darker by 10."""
    levels = DARKEST + STEP * np.arange(count)
    frames = np.broadcast_to(levels[:, None, None, None], (count, height, width, 3)).astype(np.uint8)
    frames[:, :, : width // 3] -= 10
    return frames


def noise_of(count: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Frames that fill a file."""
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def places_in(clip: Tensor) -> list[int]:
    """The places of the frames of a clip [3, F, H, W] in a file of `frames_of`, by their right edge."""
    levels = 255 * clip[:, :, :, -4:].mean((0, 2, 3))
    return ((levels - DARKEST) / STEP).round().int().tolist()


def write_video(
    path: Path, frames: np.ndarray, codec: str = "libx264", gop: int = 12, pix_fmt: str = "yuv420p", **options: str
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.time_base = pix_fmt, Fraction(1, 25)
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1
        stream.codec_context.options = options
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return path


def cut_off(path: Path, share: float) -> Path:
    """Keep only the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


def write_classes(root: Path, counts: dict[str, int], frames: int = 24) -> Path:
    """`counts` clips in the folder of each class."""
    for name, count in counts.items():
        for number in range(count):
            write_video(root / name / f"{number:03d}.mp4", frames_of(frames))
    return root
