"""Frames by their place: of all codecs, with jumps and without, upright, and as far as a broken file goes."""

from __future__ import annotations

import builtins
import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from snnconv.data.video import decode
from snnconv.data.video.decode import read_frames
from snnconv.data.video.pictures import resizing
from snnconv.data.workers import BadFile
from snnconv.errors import InputError

from .videos import DARKEST, SHARED, STEP, cut_off, frames_of, needs_shared, noise_of, write_video

SOUND = {
    "torchcodec_h265_video.mp4": 10, "torchcodec_h265_10bits.mp4": 30, "torchcodec_av1_video.mkv": 125,
    "torchcodec_bt709_full_range.mp4": 30, "decord_video_rot90.mov": 3, "decord_unordered.mov": 4,
    "grid_s1_bbaf2n.mpg": 75, "mmaction2_test.avi": 164, "decord_flipping_a_pancake.mkv": 310,
}  # fmt: skip
picture = resizing(24, 16)


def in_order(path: Path) -> list[np.ndarray]:
    """All frames, one after the other."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        assert stream is not None
        stream.codec_context.thread_count = 1
        return [picture(frame) for frame in container.decode(stream)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("codec", "name"), [
    ("libx264", "a.mp4"), ("libx265", "a.mp4"), ("mpeg4", "a.avi"), ("mpeg1video", "a.mpg"), ("libsvtav1", "a.mkv"),
    ("mjpeg", "a.mov"),
])  # fmt: skip
def test_the_chosen_frames(tmp_path: Path, codec: str, name: str) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = write_video(tmp_path / name, frames_of(40, 64, 96), codec, pix_fmt=pixels, **options)
    whole = in_order(path)
    found = read_frames(str(path), lambda count: [0, count // 2, count - 1, 7, 7], picture)
    assert found.places == [0, 20, 39, 7, 7]
    assert found.damage is None
    assert set(found.pictures) == {0, 7, 20, 39}
    for place, pixel in found.pictures.items():
        assert np.array_equal(pixel, whole[place])
        assert abs(float(pixel[:, -8:].mean()) - (DARKEST + STEP * place)) < 6


@pytest.mark.parametrize(("name", "bframes"), [("a.mp4", "0"), ("a.mp4", "3"), ("a.mkv", "2")])
def test_jumps_give_the_same_frames(tmp_path: Path, name: str, bframes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without B-frames, in closed and open groups of pictures."""
    monkeypatch.setattr(decode, "JUMP", 10)
    options = {"bf": bframes, "x264-params": "open-gop=1:scenecut=0"}
    path = write_video(tmp_path / name, frames_of(100), gop=12, **options)
    whole = in_order(path)
    jumps = list[int]()
    opened = decode.opened

    class Watched:
        """A container that notes where it is asked to go."""

        def __init__(self, container: Any) -> None:
            self.container = container

        def __getattr__(self, name: str) -> Any:
            return getattr(self.container, name)

        def seek(self, time: int, **options: Any) -> None:
            jumps.append(time)
            self.container.seek(time, **options)

    @decode.contextmanager
    def watched(path: str) -> Any:
        with opened(path) as (container, stream):
            yield Watched(container), stream

    monkeypatch.setattr(decode, "opened", watched)
    for places in ([99], [5, 50, 95], [30, 31, 32], list(range(0, 100, 9))):
        found = read_frames(str(path), lambda _, places=places: places, picture)
        assert all(np.array_equal(found.pictures[place], whole[place]) for place in places)
    assert len(jumps) >= 4


@needs_shared
@pytest.mark.parametrize("name", list(SOUND))
def test_real_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where times are in wrong order (mmaction2_test.avi), or jumps are many."""
    whole = in_order(SHARED / name)
    assert len(whole) == SOUND[name]
    for jump in (100, 2):
        monkeypatch.setattr(decode, "JUMP", jump)
        places = sorted({0, len(whole) // 3, len(whole) // 2, len(whole) - 2, len(whole) - 1})
        found = read_frames(str(SHARED / name), lambda _, places=places: places, picture)
        assert found.damage is None
        assert all(np.array_equal(found.pictures[place], whole[place]) for place in places)


@needs_shared
def test_turned_as_the_file_says() -> None:
    """A portrait video that is stored lying on its side."""
    with av.open(str(SHARED / "decord_video_rot90.mov")) as container:
        frame = next(container.decode(video=0))
        stored = frame.to_ndarray(format="rgb24")
    assert frame.rotation == -90
    found = read_frames(str(SHARED / "decord_video_rot90.mov"), lambda _: [0], resizing(320, 8)).pictures[0]
    assert found.shape == (568, 320, 3)
    clockwise = stored.transpose(1, 0, 2)[:, ::-1]
    assert np.abs(found.astype(int) - clockwise).mean() < 1


@pytest.mark.parametrize(("degrees", "turned"), [(90, lambda x: np.rot90(x)), (180, lambda x: x[::-1, ::-1])])
def test_turned(tmp_path: Path, degrees: int, turned: Any) -> None:
    """Anticlockwise by so many degrees."""
    path = tmp_path / "a.mp4"
    pixels = np.zeros((4, 32, 48, 3), np.uint8)
    pixels[:, :16, :24] = 255  # the upper left quarter
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write a rotation")
        stream.set_display_rotation(degrees)
        for frame in pixels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    found = read_frames(str(path), lambda _: [0], resizing(32, 8)).pictures[0]
    assert np.abs(found.astype(int) - turned(pixels[0])).mean() < 12


@needs_shared
def test_colours_follow_the_files_own_matrix_and_range() -> None:
    """BT.709 in full range, computed here by its definition."""
    with av.open(str(SHARED / "torchcodec_bt709_full_range.mp4")) as container:
        planes = next(container.decode(video=0)).to_ndarray().astype(float)
    height, width = 720, 1280
    y = planes[:height]
    u, v = (plane.reshape(height // 2, width // 2).repeat(2, 0).repeat(2, 1) - 128
            for plane in np.split(planes[height:], 2))  # fmt: skip
    wanted = np.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u], -1).clip(0, 255)
    found = read_frames(str(SHARED / "torchcodec_bt709_full_range.mp4"), lambda _: [0], resizing(720, 8)).pictures[0]
    assert np.abs(found - wanted).mean() < 1


# broken files


@needs_shared
@pytest.mark.parametrize(("name", "usable", "problem"), [
    ("decord_corrupted.mp4", 28, "Invalid data"), ("TRUNCATED_mmaction2_test_first150kB.avi", 78, "78 of 164 frames"),
])  # fmt: skip
def test_a_file_counts_as_far_as_it_decodes(name: str, usable: int, problem: str) -> None:
    found = read_frames(str(SHARED / name), lambda count: [0, count - 1], picture, needed=usable)
    assert found.places == [0, usable - 1]
    assert set(found.pictures) == {0, usable - 1}
    assert problem in str(found.damage)
    with pytest.raises(BadFile, match=f"{problem}.*; {usable} frames are left, {usable + 1} are needed"):
        read_frames(str(SHARED / name), lambda count: [0, count - 1], picture, needed=usable + 1)


def test_cut_off_in_the_middle(tmp_path: Path) -> None:
    """A container without an index at its end keeps its beginning; one with it keeps nothing."""
    avi = cut_off(write_video(tmp_path / "a.avi", noise_of(60, 64, 96), "mpeg4"), 0.5)
    found = read_frames(str(avi), lambda count: range(count), picture, needed=4)
    assert 4 <= len(found.places) < 60
    assert found.damage is not None
    with pytest.raises(BadFile, match="60 are needed"):
        read_frames(str(avi), lambda count: range(count), picture, needed=60)
    mp4 = cut_off(write_video(tmp_path / "b.mp4", noise_of(60, 64, 96)), 0.5)
    with pytest.raises(BadFile, match="Invalid data"):
        read_frames(str(mp4), lambda count: [0], picture)


def test_frames_that_become_no_pictures(tmp_path: Path) -> None:
    """FFmpeg cannot scale to every size."""

    def fails(frame: Any) -> np.ndarray:
        raise OSError("too large")

    avi = write_video(tmp_path / "a.avi", noise_of(4, 64, 96), "mpeg4")
    with pytest.raises(BadFile, match="0 of 2 frames become pictures"):
        read_frames(str(avi), lambda count: [0, 2], fails)


@pytest.mark.parametrize("content", [b"", b"no video", bytes(5000)])
def test_what_is_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(BadFile):
        read_frames(str(path), lambda count: [0], picture)
    with pytest.raises(BadFile, match="No such file"):
        read_frames(str(tmp_path / "none.mp4"), lambda count: [0], picture)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in itertools.chain(stream.encode(frame), stream.encode()):
            container.mux(packet)
    with pytest.raises(BadFile, match="no video in it"):
        read_frames(str(path), lambda count: [0], picture)


def test_without_pyav_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def importing(name: str, *args: Any, **options: Any) -> Any:
        if name == "av":
            raise ImportError("No module named 'av'")
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(InputError, match=r'video files need PyAV(.|\n)*pip install "snnconv\[video\]"'):
        decode.require_av()
