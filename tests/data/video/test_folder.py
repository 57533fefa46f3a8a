"""`clips:DIR`: batches, views, random clips, broken files, workers; this holds for every data set of clips."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from snnconv.data import Normalization, open_data
from snnconv.errors import InputError

from .videos import SHARED, cut_off, frames_of, needs_shared, places_in, write_classes, write_video

OPTIONS = "?frames=4&stride=2&size=32"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class a: 4 clips; class b: 2; 24 frames of 32 × 48 each."""
    return write_classes(tmp_path_factory.mktemp("clips"), {"a": 4, "b": 2})


def test_batches(folder: Path) -> None:
    data = open_data(f"clips:{folder}{OPTIONS}", batch_size=4)
    assert (len(data), data.classes, data.shape, data.batches) == (6, 2, (3, 4, 32, 32), 2)
    (x, y), (rest, labels) = data
    assert (x.dtype, x.shape, y.dtype) == (torch.float32, (4, 3, 4, 32, 32), torch.int64)  # type: ignore[union-attr]
    assert [*y.tolist(), *labels.tolist()] == [0, 1, 0, 0, 1, 0]
    assert 0 <= x.min() < x.max() <= 1  # type: ignore[union-attr]
    assert all(places_in(clip) == [8, 10, 12, 14] for clip in (*x, *rest))
    assert torch.equal(data.first, x[0])  # type: ignore[arg-type]


def test_normalised_by_channel(folder: Path) -> None:
    plain, data = (
        open_data(f"clips:{folder}{OPTIONS}", normalization=n) for n in (None, Normalization((0.1, 0.2, 0.3), (0.5,)))
    )
    wanted = (plain.batch(0)[0] - torch.tensor([0.1, 0.2, 0.3])[:, None, None, None]) / 0.5  # type: ignore[operator]
    torch.testing.assert_close(data.batch(0)[0], wanted)


def test_whole_file(folder: Path) -> None:
    data = open_data(f"clips:{folder}?frames=6&stride=uniform&size=32", limit=2)
    assert places_in(data.first) == [2, 6, 10, 14, 18, 22]  # type: ignore[arg-type]
    assert len(data) == 2


def test_longer_than_the_file(folder: Path) -> None:
    data = open_data(f"clips:{folder}?frames=16&stride=2&size=32", limit=1)
    assert places_in(data.first) == [*range(0, 24, 2), 23, 23, 23, 23]  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["&views=3x2", ""])
def test_views(folder: Path, given: str) -> None:
    """By the spec, or beside it."""
    data = open_data(f"clips:{folder}{OPTIONS}{given}", batch_size=12, views=None if given else "3x2")
    assert (data.views, data.batches, len(data)) == (6, 3, 6)
    x, y = data.batch(0)
    assert y.tolist() == [0] * 6 + [1] * 6
    assert [places_in(view)[0] for view in x[::2]] == [0, 8, 17] * 2  # type: ignore[union-attr]
    left, right = x[0], x[1]
    assert left[0, 0, 0, 8] < left[0, 0, 0, 24]  # the dark third is on the left
    assert right[0, 0, 0, 8] > left[0, 0, 0, 8]
    assert open_data(f"clips:{folder}{OPTIONS}", batch_size=2, views="3x2").batches == 6  # a clip at least


def test_views_belong_to_the_name(folder: Path) -> None:
    """Results of other views are other results."""
    assert open_data(f"clips:{folder}{OPTIONS}", views="2x1").name == f"clips:{folder}{OPTIONS} in 2x1 views"
    with pytest.raises(InputError, match="only video clips have views"):
        open_data("fashion", views="2x1")
    with pytest.raises(InputError, match="not a number of views"):
        open_data(f"clips:{folder}", views="2")


def test_drawn_at_random_by_their_seeds_alone(folder: Path) -> None:
    data = open_data(f"clips:{folder}?frames=4&stride=2&size=24&resize=30")
    ((x, y),) = data.drawn([[0, 1, 2]], [[5, 6, 7]])
    assert (x.shape, y.tolist()) == ((3, 3, 4, 24, 24), [0, 1, 0])
    (again, _), (other, _) = data.drawn([[2, 0], [0]], [[7, 5], [8]])
    assert torch.equal(again, x[[2, 0]])
    assert not torch.equal(other[0], x[0])
    starts = {places_in(clip)[0] for (clips, _) in data.drawn([[0] * 40], [list(range(40))]) for clip in clips}
    assert len(starts) > 8
    ((fixed, _),) = data.drawn([[0, 1]])
    assert torch.equal(fixed, data.batch(0)[0][:2])  # type: ignore[index]
    with pytest.raises(InputError, match="views of a clip are for evaluation"):
        next(open_data(f"clips:{folder}", views="2x1").drawn([[0]]))


@pytest.mark.parametrize("options", ["", "&views=2x3", "&pathways=slowfast&alpha=2"])
def test_workers_change_nothing(folder: Path, options: str) -> None:
    one, other = (
        list(open_data(f"clips:{folder}{OPTIONS}{options}", batch_size=2, workers=workers)) for workers in (0, 2)
    )
    for (x, y), (u, v) in zip(one, other, strict=True):
        assert torch.equal(y, v)
        leaves = zip(x, u, strict=True) if isinstance(x, tuple) else [(x, u)]
        assert all(torch.equal(a, b) for a, b in leaves)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_files_are_left_out_and_named(tmp_path: Path, workers: int, caplog: pytest.LogCaptureFixture) -> None:
    """Also the very first, and a whole batch of them."""
    write_classes(tmp_path, {"a": 4, "b": 4})
    for name in ("a/000", "b/000", "a/002", "b/002"):  # a0 b0 a1 b1 a2 b2 a3 b3
        cut_off(tmp_path / f"{name}.mp4", 0.5)
    data = open_data(f"clips:{tmp_path}{OPTIONS}", batch_size=2, workers=workers)
    assert data.shape == (3, 4, 32, 32)
    assert [y.tolist() for _, y in data] == [[0, 1], [0, 1]]
    x, y = data.batch(0)
    assert len(x) == len(y) == 0
    assert (len(data), data.batches) == (8, 4)
    (record,) = caplog.records
    assert record.getMessage().startswith("4 of 8 files cannot be read and are left out: a/000.mp4 (Invalid data")
    list(data)
    assert len(caplog.records) == 1
    with pytest.raises(InputError, match=r"a file cannot be read(.|\n)*a/000\.mp4"):
        open_data(f"clips:{tmp_path}{OPTIONS}", strict=True, workers=workers)


def test_a_damaged_file_that_is_long_enough_is_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from .videos import noise_of

    path = write_video(tmp_path / "a" / "0.avi", noise_of(40, 64, 96), "mpeg4")
    cut_off(path, 0.5)
    assert len(list(open_data(f"clips:{tmp_path}{OPTIONS}"))) == 1
    assert "1 of 1 files are used as far as they go: a/0.avi (cut off:" in caplog.text
    with pytest.raises(InputError, match=r"none of the files can be read(.|\n)*frames are left, 40 are needed"):
        open_data(f"clips:{tmp_path}?frames=40&stride=1&size=32")
    with pytest.raises(InputError, match="a file is damaged"):
        open_data(f"clips:{tmp_path}{OPTIONS}", strict=True)


@needs_shared
def test_real_clips_of_several_codecs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = sorted(SHARED.iterdir())
    for number, file in enumerate(files):
        place = tmp_path / f"class{number % 2}"
        place.mkdir(exist_ok=True)
        (place / file.name).symlink_to(file)
    data = open_data(f"clips:{tmp_path}?frames=8&stride=4&size=32", workers=2)
    labels = torch.cat([y for _, y in data])
    assert (len(files), len(data), len(labels)) == (16, 16, 14)
    bad, partial = (record.getMessage() for record in caplog.records)
    assert bad.startswith("2 of 16 files cannot be read")
    assert "TRUNCATED_mmaction2_demo_first300kB.mp4 (Invalid data" in bad
    assert "decord_corrupted.mp4 (Invalid data" in bad
    assert "28 frames are left, 29 are needed" in bad
    assert "TRUNCATED_mmaction2_test_first150kB.avi (cut off: 78 of 164 frames are there)" in partial


# what is refused


def test_folders_that_are_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder of video clips"):
        open_data(f"clips:{tmp_path / 'none'}")
    with pytest.raises(InputError, match=r"no video files(.|\n)*DIR/CLASS/clip\.mp4"):
        open_data(f"clips:{folder / 'a'}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "note.txt").touch()
    with pytest.raises(InputError, match=r"class holds no video files(.|\n)*empty"):
        open_data(f"clips:{tmp_path}")
    with pytest.raises(InputError, match=r"no such part of the data: 'train'"):
        open_data(f"clips:{folder}:train")


@pytest.mark.parametrize("workers", [-1, 1.5, True, "2"])
def test_numbers_of_workers(folder: Path, workers: object) -> None:
    with pytest.raises(InputError, match="workers is not a number of processes"):
        open_data(f"clips:{folder}", workers=workers)  # type: ignore[arg-type]


def test_names_with_capitals_and_colons(tmp_path: Path) -> None:
    write_video(tmp_path / "a:b" / "c" / "X.MP4", frames_of(4))
    write_video(tmp_path / "a:b" / "c" / ".hidden.mp4", frames_of(4))
    assert len(open_data(f"clips:{tmp_path}/a:b{OPTIONS}")) == 1
