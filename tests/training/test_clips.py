"""Training on a folder of clips: random windows and crops, files that cannot be read, two pathways."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv.data import DataSource, open_data
from snnconv.errors import InputError
from snnconv.measure.distributed import Group
from snnconv.training import finetune
from snnconv.training.feed import feed_of

from ..data.video.videos import cut_off, frames_of, places_in, write_classes, write_video

OPTIONS = "?frames=4&stride=1&size=16&resize=18"
BAD = [f"{'ab'[number % 2]}/{number:03d}.mp4" for number in range(0, 200, 20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 clips of 12 frames in two classes, one dark and one bright; 10 of them are cut off."""
    root = tmp_path_factory.mktemp("clips")
    whole = write_video(root / "a.mp4", frames_of(12, 18, 24)), write_video(root / "b.mp4", frames_of(47, 18, 24)[-12:])
    for number in range(200):
        path = root / "set" / "ab"[number % 2] / f"{number:03d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(whole[number % 2].read_bytes())
    for name in BAD:
        cut_off(root / "set" / name, 0.6)
    return root / "set"


def source(folder: Path, batch_size: int = 16, **options: object) -> DataSource:
    return open_data(f"clips:{folder}{OPTIONS}", batch_size=batch_size, **options)  # type: ignore[arg-type]


def network(data: DataSource) -> nn.Module:
    torch.manual_seed(0)
    layers = (nn.Conv3d(3, 4, 3, stride=(1, 2, 2)), nn.BatchNorm3d(4), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten())
    return snnconv.clip(nn.Sequential(*layers, nn.Linear(4, 2)), data=[data.batch(0)], init=3.0)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_over_200_clips_of_which_10_are_broken(
    folder: Path, tmp_path: Path, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    data, val = source(folder, workers=workers), source(folder, limit=20)
    course = finetune(network(data), data, val, epochs=2, batch_size=20, lr=0.1, folder=tmp_path)
    assert course.samples == 200
    assert course.accuracy > 90
    told = [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]
    of_training = [text for text in told if text.startswith("10 of 200 files cannot be read and are left out: ")]
    assert len(of_training) == 1
    assert all(name in of_training[0] for name in BAD)


def test_workers_and_resuming_change_nothing(folder: Path) -> None:
    alone = list(feed_of(source(folder), 16, None, 3, Group()).epoch(1))
    assert len(alone) == 12
    assert all(len(labels) == 16 for _, labels in alone)
    for workers, start in ((2, 0), (0, 9)):
        other = feed_of(source(folder, workers=workers), 16, None, 3, Group()).epoch(1, start)
        for (inputs, labels), (again, same) in zip(alone[start:], other, strict=True):
            assert torch.equal(inputs[0], again[0])
            assert torch.equal(labels, same)


def test_shares_of_processes_make_up_the_batch(folder: Path) -> None:
    """Also where a clip cannot be read: no share is smaller than the others."""
    alone = list(feed_of(source(folder), 16, None, 0, Group()).epoch(0))
    for rank in range(2):
        group = Group(rank, 2)
        for (inputs, labels), (own, theirs) in zip(alone, feed_of(source(folder), 16, None, 0, group).epoch(0)):
            assert torch.equal(own[0], inputs[0][rank::2])
            assert torch.equal(theirs, labels[rank::2])


def starts(batches: list[tuple[tuple[Tensor, ...], Tensor]]) -> set[int]:
    return {places_in(clip)[0] for inputs, labels in batches for clip in inputs[0][labels == 0]}


def test_windows_are_random_with_crop_alone(folder: Path) -> None:
    drawn = list(feed_of(source(folder), 16, ("crop",), 0, Group()).epoch(0))
    assert starts(drawn) == set(range(9))
    assert not any((inputs[0] == 0).all(1).any() for inputs, _ in drawn), "nothing is padded"
    fixed = list(feed_of(source(folder), 16, (), 0, Group()).epoch(0))
    assert starts(fixed) == {4}


def test_both_pathways_are_changed_alike(folder: Path) -> None:
    data = open_data(f"clips:{folder}{OPTIONS}&pathways=slowfast&alpha=2")
    for (slow, fast), _ in feed_of(data, 16, None, 0, Group()).epoch(0, 10):
        assert (slow.shape[2], fast.shape[2]) == (2, 4)
        assert torch.equal(slow, fast[:, :, [0, 3]])


def test_data_with_other_classes(folder: Path, tmp_path: Path) -> None:
    """Class b alone would be number 0 in the validation."""
    write_classes(tmp_path / "val", {"b": 2})
    data, val = source(folder), source(tmp_path / "val")
    with pytest.raises(InputError, match=r"not the same classes(.|\n)*expected: 2(.|\n)*got: 1"):
        finetune(network(data), data, val, epochs=1, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_views_are_for_evaluation(folder: Path, tmp_path: Path) -> None:
    data = source(folder, views="2x1")
    with pytest.raises(InputError, match="train without views"):
        finetune(network(source(folder)), data, source(folder, limit=20), epochs=1, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
