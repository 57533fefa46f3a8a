"""Folders of pictures, made here from the bundled images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snnconv.data import open_data
from snnconv.data.imagefolder import interleaved
from snnconv.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 40, 50, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Class b: 2 pictures of 40 × 50; class a: 4 of 32 × 32."""
    for number in range(6):
        name = tmp_path / ("b" if number < 2 else "a") / f"{number}.png"
        name.parent.mkdir(exist_ok=True)
        Image.fromarray(PIXELS[number] if number < 2 else PIXELS[number, :32, :32]).save(name)
    return tmp_path


def test_default_size(folder: Path) -> None:
    source = open_data(f"imagefolder:{folder}", batch_size=4)
    assert (len(source), source.classes, source.shape) == (6, 2, (3, 224, 224))
    x, y = zip(*source)
    assert [len(batch) for batch in x] == [4, 2]
    assert torch.cat(y).tolist() == [0, 1, 0, 0, 1, 0]
    assert (x[0].dtype, y[0].dtype) == (torch.float32, torch.int64)
    assert 0 <= torch.cat(x).min() < torch.cat(x).max() <= 1


def test_pictures_of_the_right_size_are_not_resampled(folder: Path) -> None:
    x, y = next(iter(open_data(f"imagefolder:{folder}?size=32")))
    expected = torch.tensor(PIXELS[2:, :32, :32]).permute(0, 3, 1, 2) / 255
    assert x.shape == (6, 3, 32, 32)
    torch.testing.assert_close(x[y == 0], expected)


def test_resize_then_centre_crop(folder: Path) -> None:
    x, y = next(iter(open_data(f"imagefolder:{folder}?size=20&resize=40")))
    expected = torch.tensor(PIXELS[:2, 10:30, 15:35]).permute(0, 3, 1, 2) / 255
    torch.testing.assert_close(x[y == 1], expected)


def test_grey(folder: Path) -> None:
    assert open_data(f"imagefolder:{folder}?size=32&channels=1").shape == (1, 32, 32)


def test_folders_with_a_question_mark_in_their_name(folder: Path) -> None:
    odd = folder.rename(folder.with_name("what?"))
    assert len(open_data(f"imagefolder:{odd}")) == 6
    assert open_data(f"imagefolder:{odd}?size=16").shape == (3, 16, 16)


def test_the_first_samples_hold_all_classes() -> None:
    labels = [0] * 10 + [1] * 20 + [2] * 70
    order = interleaved(labels)
    assert sorted(order) == list(range(100))
    for count in (10, 30, 50):
        shares = np.bincount([labels[i] for i in order[:count]], minlength=3) * 100 / count
        assert np.abs(shares - [10, 20, 70]).max() <= 10
    assert interleaved([]) == []


@pytest.mark.parametrize("options", ["size=0", "size=a", "size=", "side=32", "size=-1", "size=1.5"])
def test_unknown_options(folder: Path, options: str) -> None:
    with pytest.raises(InputError, match=r"option .*of a picture folder"):
        open_data(f"imagefolder:{folder}?{options}")


@pytest.mark.parametrize("options", ["size=32&resize=16", "channels=2"])
def test_options_that_do_not_go_together(folder: Path, options: str) -> None:
    with pytest.raises(InputError, match="do not go together"):
        open_data(f"imagefolder:{folder}?{options}")


def test_missing_and_empty_folders(folder: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        open_data(f"imagefolder:{folder / 'none'}")
    with pytest.raises(InputError, match="not one of pictures by class"):
        open_data(f"imagefolder:{folder / 'a'}")
    (folder / "c").mkdir()
    with pytest.raises(InputError, match=r"DIR/CLASS/picture\.png(.|\n)*got: .*\bc\b"):
        open_data(f"imagefolder:{folder}")


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_broken_pictures_are_named(folder: Path, content: bytes | None) -> None:
    broken = folder / "a" / "5.png"
    broken.write_bytes(broken.read_bytes()[:200] if content is None else content)
    source = open_data(f"imagefolder:{folder}?size=32")
    with pytest.raises(InputError, match=r"a picture cannot be read(.|\n)*5\.png"):
        list(source)
