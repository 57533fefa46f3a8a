"""DVS128 Gesture in its original layout: AEDAT 3.1 files written here, with their labels."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from snnconv.data import open_data
from snnconv.data.events.aedat import packets_of, read_aedat
from snnconv.errors import InputError

from .made import counted, made, write_aedat

INVALID = (120, 121, 333)
TRIAL = made(1000, 128, gap=200, start=2**31 - 50_000)  # the 31 bits of time turn over in it
TIMES = TRIAL["t"]
GESTURES = [(2, int(TIMES[100]), int(TIMES[400])), (11, int(TIMES[400]), int(TIMES[900]))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One trial to train, of one gesture; two to test: the second of two gestures."""
    trial(tmp_path, "user01_led", made(200, 128, seed=1), [(1, 0, 10**6)])
    trial(tmp_path, "user24_lab", made(300, 128, seed=2), [(5, 0, 10**6)])
    trial(tmp_path, "user25_led", TRIAL, GESTURES)
    (tmp_path / "trials_to_train.txt").write_text("user01_led.aedat\n")
    (tmp_path / "trials_to_test.txt").write_text("user24_lab.aedat\r\nuser25_led.aedat\r\n\r\n")
    return tmp_path


def trial(folder: Path, name: str, events: np.ndarray, gestures: list[tuple[int, int, int]]) -> None:
    write_aedat(folder / f"{name}.aedat", events, invalid=INVALID if events is TRIAL else ())
    rows = ["class,startTime_usec,endTime_usec", *(",".join(map(str, gesture)) for gesture in gestures)]
    (folder / f"{name}_labels.csv").write_text("\n".join(rows) + "\n")


def between(start: int, stop: int) -> np.ndarray:
    valid = np.delete(TRIAL, INVALID)
    return valid[(valid["t"] >= start) & (valid["t"] < stop)]


def test_events_come_as_they_were_written(folder: Path) -> None:
    path = folder / "user25_led.aedat"
    packets = packets_of(path)
    assert packets["number"].sum() == 1000
    assert np.array_equal(read_aedat(path, packets, 0, 2**40), np.delete(TRIAL, INVALID))
    for start, stop in ((TIMES[30], TIMES[31]), (TIMES[49], TIMES[51]), (TIMES[200], TIMES[777]), (0, TIMES[0])):
        assert np.array_equal(read_aedat(path, packets, start, stop), between(start, stop))


def test_gestures_of_the_test_part(folder: Path) -> None:
    source = open_data(f"dvs128gesture:{folder}", batch_size=2)
    assert (len(source), source.classes, source.shape) == (3, 11, (2, 16, 128, 128))
    frames = [found for x, _ in source for found in x.numpy()]
    assert [int(label) for _, y in source for label in y] == [4, 1, 10]
    assert np.array_equal(frames[0], counted(made(300, 128, seed=2), 16, "count", 128, 1))
    for found, (_, start, stop) in zip(frames[1:], GESTURES):
        assert np.array_equal(found, counted(between(start, stop), 16, "count", 128, 1))


def test_train_part_and_options(folder: Path) -> None:
    ((x, y),) = open_data(f"dvs128gesture:{folder}:train?frames=8&by=time&size=32")
    assert y.tolist() == [0]
    assert np.array_equal(x[0].numpy(), counted(made(200, 128, seed=1), 8, "time", 32, 4))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def headless(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"#!AER-DAT3.1", b"#!AER-DAT2.0"))


def endless(path: Path) -> None:
    path.write_bytes(b"#!AER-DAT3.1\r\n#Format: RAW\r\n")


def wide(path: Path) -> None:
    write_aedat(path, made(0, 128))
    path.write_bytes(path.read_bytes() + struct.pack("<HHIIIIII", 1, 1, 12, 4, 0, 2, 2, 2) + bytes(24))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (cut, "ends within a packet"),
        (headless, r"not an AEDAT 3\.1 file"),
        (endless, r"not an AEDAT 3\.1 file"),
        (wide, "events of an unknown size"),
        (empty, "cannot be read"),
    ],
)
def test_broken_recordings_are_named(folder: Path, spoil: object, problem: str) -> None:
    spoil(folder / "user25_led.aedat")  # type: ignore[operator]
    with pytest.raises(InputError, match=rf"({problem})(.|\n)*user25_led\.aedat"):
        list(open_data(f"dvs128gesture:{folder}"))


def test_gestures_without_events(folder: Path) -> None:
    trial(folder, "user24_lab", TRIAL, [(1, 5, 6)])
    with pytest.raises(InputError, match=r"no events(.|\n)*user24_lab\.aedat, 5 to 6 µs"):
        open_data(f"dvs128gesture:{folder}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("class,start,end\n1,2,3\n", "not labels of gestures(.|\n)*startTime_usec"),
        ("class,startTime_usec,endTime_usec\n1,2\n", "not labels of gestures"),
        ("class,startTime_usec,endTime_usec\n1,2,x\n", "not labels of gestures"),
        (f"class,startTime_usec,endTime_usec\n{'1' * 200_000},2,3\n", "not labels of gestures"),
        ("class,startTime_usec,endTime_usec\n12,2,3\n", "makes no sense(.|\n)*class 12, 2 to 3"),
        ("class,startTime_usec,endTime_usec\n0,2,3\n", "makes no sense"),
        ("class,startTime_usec,endTime_usec\n1,3,3\n", "makes no sense"),
    ],
)
def test_broken_labels_are_named(folder: Path, text: str, problem: str) -> None:
    (folder / "user24_lab_labels.csv").write_text(text)
    with pytest.raises(InputError, match=rf"{problem}(.|\n)*user24_lab_labels\.csv"):
        open_data(f"dvs128gesture:{folder}")


@pytest.mark.parametrize("name", ["user24_lab.aedat", "user24_lab_labels.csv", "trials_to_test.txt"])
def test_missing_files_are_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=name.replace(".", r"\.")) as error:
        open_data(f"dvs128gesture:{folder}")
    assert str(error.value).count("where:") == 1
    assert len(open_data(f"dvs128gesture:{folder}:train")) == 1


def test_an_empty_list_of_trials(folder: Path) -> None:
    (folder / "trials_to_test.txt").write_text("\n")
    with pytest.raises(InputError, match="0 of 0 are not there"):
        open_data(f"dvs128gesture:{folder}")
