"""Data files that ask for much are refused before they take it; arrays of every plain kind load."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from snnconv.data import DATA_SOURCES
from snnconv.errors import InputError

X, Y = np.random.default_rng(0).random((4, 3, 8, 8)).astype("f4"), np.arange(4)
EVENTS = np.zeros(6, [("x", "<i8"), ("y", "<i8"), ("p", "<i8"), ("t", "<i8")])


@pytest.mark.parametrize(
    "x",
    [X.astype(">f4"), X.astype(">f8"), X.astype("f2"), X.astype("longdouble"), np.asfortranarray(X), X[::-1, :, ::-1]],
    ids=["big-endian", "big-endian double", "half", "long double", "Fortran order", "reversed"],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_plain_arrays_load(x: np.ndarray, save: object, tmp_path: Path) -> None:
    save(tmp_path / "a.npz", x=x, y=Y.astype(">i4"))  # type: ignore[operator]
    images, labels = DATA_SOURCES["npz"](f"{tmp_path / 'a.npz'}").fetch(range(4))
    torch.testing.assert_close(images, torch.tensor(np.ascontiguousarray(x.astype("f8"))).float())
    assert labels.tolist() == [0, 1, 2, 3]


def member(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + data


def header_of(shape: str, descr: str = "<f4") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        (member(header_of("(1000000000000, 3, 8, 8)"), bytes(64)), "an array in the data file is cut short"),
        (member(header_of("(4294967296, 4294967296, 8, 8)"), bytes(64)), "an array in the data file is cut short"),
        (member(header_of("(20,)", "|V1000000000"), bytes(64)), "an array in the data file is cut short"),
        (member(header_of("(300000, 8, 8)", "|u1"), bytes(19_200_000)), "unpacks to far more than it can hold"),
        (member("(" * 3000), "cannot be read"),
        (member("-" * 9000 + "1"), "cannot be read"),
        (member(header_of("(9**9**9,)")), "cannot be read"),
        (member(header_of("(1,)", "|O")), "cannot be read"),
        (b"", "cannot be read"),
    ],
    ids=["huge", "overflow", "wide items", "bomb", "deep", "signs", "power", "objects", "empty"],
)
def test_arrays_that_claim_more_than_is_there(
    x: bytes, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snnconv.data.npz.SLACK", 2**20)  # a bomb of gigabytes would take seconds to make
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", member(header_of("(4,)", "<i8"), bytes(32)))
    with pytest.raises(InputError, match=problem) as told:
        DATA_SOURCES["npz"](f"{tmp_path / 'a.npz'}")
    assert "a.npz" in str(told.value)


@pytest.mark.parametrize(
    ("place", "value"), [(6, 1), (6, 0x41), (8, 97), (8, zipfile.ZIP_LZMA), (8, zipfile.ZIP_BZIP2)]
)
def test_archives_of_other_kinds(place: int, value: int, tmp_path: Path) -> None:
    """Encrypted, or packed in another way than they say."""
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    for mark, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        at = data.find(mark)
        while at >= 0:
            struct.pack_into("<H", data, at + place + shift, value)
            at = data.find(mark, at + 4)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(InputError, match="cannot be read"):
        DATA_SOURCES["npz"](f"{tmp_path / 'a.npz'}")


@pytest.mark.parametrize("label", [2**31, 2**63 - 1, 2**64 - 1])
def test_labels_that_are_no_classes(label: int, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=np.full(4, label, "u8"))
    with pytest.raises(InputError, match="a label is not a class"):
        DATA_SOURCES["npz"](f"{tmp_path / 'a.npz'}")


@pytest.mark.parametrize(
    ("field", "value"), [("x", 2**40), ("x", -5), ("y", 70_000), ("p", 256), ("t", -1), ("t", 2**62)]
)
def test_events_of_no_sensor(field: str, value: int, tmp_path: Path) -> None:
    events = EVENTS.copy()
    events[field][3] = value
    np.savez(tmp_path / "a.npz", events=events, offsets=[0, 3, 6], y=[0, 1], is_test=[True, False])
    with pytest.raises(InputError, match=f"{field} out of range"):
        DATA_SOURCES["events"](f"{tmp_path / 'a.npz'}?frames=2")


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = b"" if width * height > 10**6 else bytes(height * (3 * width + 1))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("width", "height", "problem"),
    [(1, 60_000, "too long to be resized"), (60_000, 1, "too long to be resized"), (13_000, 13_000, "too large"),
     (40_000, 40_000, "cannot be read"), (2**31 - 1, 1, "cannot be read"), (0, 0, "cannot be read")],
)  # fmt: skip
def test_pictures_of_no_size(width: int, height: int, problem: str, tmp_path: Path) -> None:
    (tmp_path / "c0").mkdir()
    (tmp_path / "c0" / "a.png").write_bytes(png(width, height))
    samples = DATA_SOURCES["imagefolder"](f"{tmp_path}?size=224")
    with pytest.raises(InputError, match=problem):
        samples.fetch([0])


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "c0").mkdir()
    os.mkfifo(tmp_path / "c0" / "a.png")
    samples = DATA_SOURCES["imagefolder"](f"{tmp_path}?size=8")
    with pytest.raises(InputError, match="a picture is not a file"):
        samples.fetch([0])
    assert samples.digest is not None
    assert samples.digest(1)


def test_links_that_lead_back_or_fan_out_end(tmp_path: Path) -> None:
    """Thirty folders, each with two links to the next: a thousand million paths, and one picture."""
    for number in range(30):
        folder = tmp_path / "c0" / str(number)
        folder.mkdir(parents=True)
        for name in ("a", "b"):
            (folder / name).symlink_to(tmp_path / "c0" / str((number + 1) % 30))
    (tmp_path / "c0" / "7" / "picture.png").write_bytes(png(8, 8))
    assert DATA_SOURCES["imagefolder"](f"{tmp_path}?size=8").count == 1
