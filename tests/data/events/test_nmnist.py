"""N-MNIST in its original layout and format, in files written here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from snnconv.data import open_data
from snnconv.errors import InputError

from .made import counted, made, write_atis


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Test: two recordings of 3 and one of 7; train: one of 0. One event in each has the latest time of 23 bits."""
    for number, place in enumerate(("Test/3/00007.bin", "Test/3/00030.bin", "Test/7/00001.bin", "Train/0/00002.bin")):
        write_atis(tmp_path / place, recording(number))
    return tmp_path


def recording(number: int) -> np.ndarray:
    events = made(160 + number, 34, seed=number)
    events["t"][-1] = 2**23 - 1
    return events


def test_recordings_come_as_they_were_written(folder: Path) -> None:
    source = open_data(f"nmnist:{folder}", batch_size=2)
    assert (len(source), source.classes, source.shape) == (3, 10, (2, 16, 34, 34))
    x, y = zip(*source)
    assert (x[0].dtype, y[0].dtype, [len(batch) for batch in x]) == (torch.float32, torch.int64, [2, 1])
    assert torch.cat(y).tolist() == [3, 7, 3]  # classes interleaved
    for found, number in zip(torch.cat(x), (0, 2, 1)):
        assert np.array_equal(found.numpy(), counted(recording(number), 16, "count", 34, 1))


def test_train_part_and_options(folder: Path) -> None:
    ((x, y),) = open_data(f"nmnist:{folder}:train?frames=4&by=time&size=17&values=binary")
    assert y.tolist() == [0]
    assert np.array_equal(x[0].numpy(), counted(recording(3), 4, "time", 17, 2) > 0)


def test_clock_that_turns_over(tmp_path: Path) -> None:
    """An event in row 240 adds 2¹³ µs to those behind it, and is none itself."""
    events = made(9, 34)
    events["t"] = [0, 1, 2, 0, 0, 1, 2, 0, 1]
    events["y"][[3, 7]] = 240
    write_atis(tmp_path / "Test" / "5" / "1.bin", events)
    ((x, _),) = open_data(f"nmnist:{tmp_path}?frames=2&by=time")  # 0, 1, 2, 8192 … 8194 | 16385: halves of 16385 µs
    assert x.sum((0, 1, 3, 4)).tolist() == [3, 4]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "holds no events"), (b"\1" * 13, "ends within an event(.|\n)*13 bytes"), (b"\xff" * 5, "cannot give")],
)
def test_broken_files_are_named(folder: Path, content: bytes, problem: str) -> None:
    (folder / "Test" / "7" / "00001.bin").write_bytes(content)
    with pytest.raises(InputError, match=rf"{problem}(.|\n)*00001\.bin"):
        list(open_data(f"nmnist:{folder}"))


def test_missing_folders(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no N-MNIST recordings(.|\n)*no such folder"):
        open_data(f"nmnist:{folder}/none")
    (folder / "other" / "Test").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no \*\.bin in folders"):
        open_data(f"nmnist:{folder}/other")


@pytest.mark.parametrize("option", ["frames=0", "size=1.5", "by=event", "values=sum", "T=4"])
def test_unknown_options(folder: Path, option: str) -> None:
    known = r"(.|\n)*by=count\|time&values=counts\|binary"
    with pytest.raises(InputError, match="option .*of event data" + known) as error:
        open_data(f"nmnist:{folder}?{option}")
    assert f"got: {option}" in str(error.value)


def test_unknown_parts_and_no_place(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no such part of the data: 'val'(.|\n)*train, test"):
        open_data(f"nmnist:{folder}:val")
    with pytest.raises(InputError, match="no place"):
        open_data("nmnist")


def test_a_folder_called_like_a_part(folder: Path) -> None:
    """Only what follows the last colon is a part."""
    odd = folder.rename(folder.with_name("a:train"))
    assert len(open_data(f"nmnist:{odd}:test")) == 3
    assert len(open_data(f"nmnist:{odd}:train?frames=2")) == 1


def test_sizes_that_do_not_divide_the_sensor(folder: Path) -> None:
    with pytest.raises(InputError, match=r"does not divide(.|\n)*1, 2, 17, 34(.|\n)*size=16"):
        open_data(f"nmnist:{folder}?size=16")
