"""The data sets of the papers: where they are opened, and why they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from snnconv.data import open_data
from snnconv.papers.data_sets import DATA_SETS


def test_imagenet_is_two_folders_of_pictures(tmp_path: Path) -> None:
    imagenet = DATA_SETS["imagenet"]
    spec = f"imagefolder:{tmp_path}/imagenet/val"
    assert (
        imagenet.missing(tmp_path) == f"needs ImageNet, which cannot be opened as {spec} (no such folder of pictures)"
    )
    for part, size in (("train", (300, 260)), ("val", (256, 512))):
        for number, name in enumerate(("n01440764", "n01443537")):
            folder = tmp_path / "imagenet" / part / name
            folder.mkdir(parents=True)
            Image.new("RGB", size, (0, 0, 255 * number)).save(folder / "picture.png")
    assert imagenet.missing(tmp_path) is None
    for training in (False, True):
        ((x, y),) = open_data(imagenet.spec(training, tmp_path))
        assert x.shape == (2, 3, 224, 224)
        assert y.tolist() == [0, 1]
        assert x[:, 2].mean((1, 2)).tolist() == pytest.approx([0.0, 1.0])
    next((tmp_path / "imagenet" / "val" / "n01440764").iterdir()).write_bytes(b"not a picture")
    assert imagenet.missing(tmp_path) == f"needs ImageNet, which cannot be opened as {spec} (a picture cannot be read)"


@pytest.mark.parametrize("name", list(DATA_SETS))
def test_what_is_not_there_is_told_by_its_reader(name: str, tmp_path: Path) -> None:
    data = DATA_SETS[name]
    assert data.missing(None) == f"needs {data.title} (--data-root DIR)"
    assert (data.missing(tmp_path) or "").startswith(
        f"needs {data.title}, which cannot be opened as {data.spec(False, tmp_path)} ("
    )


def test_a_wrong_option_is_told_as_such(tmp_path: Path) -> None:
    told = DATA_SETS["ucf101"].missing(tmp_path, "2", "stride=much")
    why = "not a value for the option stride of video clips"
    assert told == f"needs UCF-101, which cannot be opened as ucf101:{tmp_path}:test2?stride=much ({why})"
