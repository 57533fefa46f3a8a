"""Every kind of data source is known again, wherever it lies; no byte, label or place of a sample changes unnoticed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snnconv import InputError
from snnconv.data import DATA_SOURCES, DataSource, identity, open_data
from snnconv.data.npz import from_arrays
from snnconv.data.samples import Samples

from .events.made import made, write_aedat, write_atis
from .test_torchvision_sets import GREY, Y, write_mnist
from .video.trees import SMALL, clip, hmdb51, ntu60, ucf101

Made = Callable[[Path], tuple[str, str]]  # folder → spec with {} for it, and a file in it that is used


def npz(folder: Path) -> tuple[str, str]:
    np.savez(folder / "a.npz", x=np.arange(4 * 48, dtype=np.uint8).reshape(4, 4, 4, 3), y=np.arange(4))
    return "npz:{}/a.npz", "a.npz"


def imagefolder(folder: Path) -> tuple[str, str]:
    for number in range(4):
        name = folder / "ab"[number % 2] / f"{number}.bmp"
        name.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), 40 * number, np.uint8)).save(name)
    return "imagefolder:{}?size=4", "b/3.bmp"


def mnist(folder: Path) -> tuple[str, str]:
    write_mnist(folder, "t10k", GREY, Y)
    write_mnist(folder, "train", GREY, Y)
    return "torchvision:FashionMNIST:{}", "FashionMNIST/raw/t10k-images-idx3-ubyte"


def clips(folder: Path) -> tuple[str, str]:
    clip(folder / "a" / "1.mp4")
    clip(folder / "b" / "1.mp4")
    return "clips:{}" + SMALL, "b/1.mp4"


def ucf(folder: Path) -> tuple[str, str]:
    return "ucf101:{}" + SMALL, str(next(ucf101(folder).rglob("*g01*.avi")).relative_to(folder))


def hmdb(folder: Path) -> tuple[str, str]:
    return "hmdb51:{}" + SMALL, str(next(hmdb51(folder).rglob("C_cart*.avi")).relative_to(folder))


def kinetics(folder: Path) -> tuple[str, str]:
    clip(folder / "val" / "zumba" / "a.mp4")
    clip(folder / "val" / "abseiling" / "b.mp4")
    return "kinetics400:{}" + SMALL, "val/zumba/a.mp4"


def ntu(folder: Path) -> tuple[str, str]:
    return "ntu60:{}" + SMALL, str(next(ntu60(folder).rglob("*P003*.avi")).relative_to(folder))


def nmnist(folder: Path) -> tuple[str, str]:
    for number in range(3):
        write_atis(folder / "Test" / str(number) / "1.bin", made(60, 34, number))
    return "nmnist:{}?frames=2", "Test/2/1.bin"


def gestures(folder: Path) -> tuple[str, str]:
    for number in range(2):
        write_aedat(folder / f"u{number}.aedat", made(80, 128, number))
        (folder / f"u{number}_labels.csv").write_text(f"class,startTime_usec,endTime_usec\n{number + 1},0,1000000\n")
    (folder / "trials_to_test.txt").write_text("u0.aedat\nu1.aedat\n")
    return "dvs128gesture:{}?frames=2", "u1.aedat"


def events(folder: Path) -> tuple[str, str]:
    recordings = np.concatenate([made(40, 10, seed) for seed in range(3)])
    arrays = {"offsets": [0, 40, 80, 120], "y": np.array([2, 0, 1]), "is_test": np.array([True, False, True])}
    np.savez(folder / "a.npz", events=recordings, **arrays)
    return "events:{}/a.npz?frames=2", "a.npz"


KINDS: dict[str, Made] = {
    "npz": npz, "imagefolder": imagefolder, "torchvision": mnist, "clips": clips, "ucf101": ucf, "hmdb51": hmdb,
    "kinetics400": kinetics, "ntu60": ntu, "nmnist": nmnist, "dvs128gesture": gestures, "events": events,
}  # fmt: skip


def test_every_kind_is_tried() -> None:
    assert {*KINDS, "fashion"} == set(DATA_SOURCES)


def digest_of(spec: str, folder: Path, limit: int | None = None) -> str:
    return open_data(spec.format(folder), limit=limit).digest()


@pytest.mark.parametrize("kind", KINDS)
def test_known_again_unless_a_byte_changed(kind: str, tmp_path: Path) -> None:
    """Though the size and the time of the file stay as they were."""
    folder = tmp_path / "here"
    folder.mkdir()
    spec, name = KINDS[kind](folder)
    whole = digest_of(spec, folder)
    shutil.copytree(folder, tmp_path / "there", copy_function=shutil.copyfile)
    assert digest_of(spec, tmp_path / "there") == whole
    assert digest_of(spec, folder, limit=1) != whole
    file = folder / name
    bytes_, status = bytearray(file.read_bytes()), file.stat()
    for place in {len(bytes_) - 1, len(bytes_) // 2, len(bytes_) // 3}:
        file.write_bytes(bytes_[:place] + bytes([bytes_[place] ^ 4]) + bytes_[place + 1 :])
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        try:
            damaged = digest_of(spec, folder)
        except InputError:
            continue  # it cannot be read any more
        if damaged == whole:  # a byte of an archive that nobody reads
            assert all(torch.equal(*pair) for pair in zip(values(spec, folder), values(spec, tmp_path / "there")))


def values(spec: str, folder: Path) -> list[torch.Tensor]:
    return [tensor for x, y in open_data(spec.format(folder)) for tensor in (x, y)]  # type: ignore[misc]


def test_many_files_are_known_by_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, name = imagefolder(tmp_path)
    monkeypatch.setattr(identity, "READ", 100)
    whole = digest_of(spec, tmp_path)
    os.utime(tmp_path / name, ns=(1, 1))
    assert digest_of(spec, tmp_path) != whole


def test_a_file_that_is_not_there_is_none_like_the_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert identity.files_digest([tmp_path / "a"]) != identity.files_digest([tmp_path / "b"])


X, LABELS = np.arange(6 * 3 * 4, dtype=np.float32).reshape(6, 3, 2, 2), np.array([0, 1, 2, 0, 1, 2])


def changes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    order, value, label, swapped = np.array([0, 1, 5, 3, 4, 2]), X.copy(), LABELS.copy(), LABELS[[0, 1, 2, 3, 5, 4]]
    value[5, 2, 1, 1] += 1e-3
    label[4] = 0
    return {
        "order": (X[order], LABELS[order]), "a value": (value, LABELS), "a label": (X, label),
        "labels": (X, swapped), "type": (X.astype(np.float64), LABELS), "fewer": (X[:5], LABELS[:5]),
    }  # fmt: skip


@pytest.mark.parametrize("given", ["by arrays", "by what is read"])
@pytest.mark.parametrize("change", list(changes()))
def test_every_value_label_and_place_counts(change: str, given: str) -> None:
    """Also of a source that was registered without a way of its own."""

    def source(x: np.ndarray, y: np.ndarray, batch_size: int = 4) -> DataSource:
        samples = from_arrays([(x, y.astype(np.int64))])
        bare = samples if given == "by arrays" else Samples(samples.fetch, samples.count)
        return DataSource("made", bare, batch_size=batch_size)

    assert source(X, LABELS).digest() == source(X.copy(), LABELS.copy()).digest()
    if change == "type" and given == "by what is read":
        return  # both are read as float32
    assert source(*changes()[change]).digest() != source(X, LABELS).digest()


def test_parts_of_an_npz(tmp_path: Path) -> None:
    """Samples that a mask or a limit leaves out may change."""
    mask = np.array([True, True, True, False, True, False])

    def save(x: np.ndarray) -> None:
        np.savez(tmp_path / "a.npz", x=x, y=LABELS, m=mask)

    save(X)
    before = [open_data(f"npz:{tmp_path}/a.npz?where=m", limit=limit).digest() for limit in (3, 4)]
    other = X.copy()
    other[3:] += mask[3:, None, None, None] - 2  # of those that are used, the last
    save(other)
    after = [open_data(f"npz:{tmp_path}/a.npz?where=m", limit=limit).digest() for limit in (3, 4)]
    assert (before[0], before[1]) == (after[0], before[1])
    assert before[1] != after[1]
    assert open_data("fashion:test").digest() != open_data("fashion:train").digest()
