"""Samples from files of which some are broken: what comes, what is left out, and what is told."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from snnconv.data.files import FileReader, Request
from snnconv.data.workers import BadFile, Read
from snnconv.errors import InputError

BAD, PARTIAL = {2, 3}, 5


def decode(position: int, seed: int | None) -> Read:
    """Two clips of one frame; bright as the position, or as the seed."""
    if position in BAD:
        raise BadFile("broken")
    level = position if seed is None else seed
    return Read(np.full((2, 1, 4, 4, 3), level, np.uint8), "cut off" if position == PARTIAL else None)


def reader(workers: int = 0, strict: bool = False) -> FileReader:
    found = FileReader(decode, [f"{number}.mp4" for number in range(8)], list(range(10, 18)))
    found.use(workers, strict)
    return found


def levels(x: torch.Tensor) -> list[int]:
    return (255 * x.flatten(1)[:, 0]).round().int().tolist() if len(x) else []


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_files_are_left_out(workers: int) -> None:
    found = list(reader(workers).stream([Request([0, 1]), Request([2, 3]), Request([3, 4, 5])]))
    assert [levels(x) for x, _ in found] == [[0, 0, 1, 1], [], [4, 4, 5, 5]]
    assert [y.tolist() for _, y in found] == [[10, 10, 11, 11], [], [14, 14, 15, 15]]
    assert found[0][0].shape == (4, 3, 1, 4, 4)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_next_one_takes_the_place_of_a_bad_one(workers: int) -> None:
    requests = [Request([1, 2], seeds=[7, 8], within=8), Request([3], within=8), Request([3], within=4)]
    found = list(reader(workers).stream(requests))
    assert [levels(x)[::2] for x, _ in found] == [[7, 8], [4], [0]]
    assert [y.tolist()[::2] for _, y in found] == [[11, 14], [14], [10]]


def test_they_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    files = reader()
    for _ in range(2):
        list(files.stream([Request(range(8))]))
        files.tell(*files.news())
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "2 of 8 files cannot be read and are left out: 2.mp4 (broken), 3.mp4 (broken)",
        "1 of 8 files are used as far as they go: 5.mp4 (cut off)",
    ]


def test_of_very_many_a_hundred_are_named(caplog: pytest.LogCaptureFixture) -> None:
    reader().tell({f"{number:03d}": "broken" for number in range(120)}, {})
    (record,) = caplog.records
    assert record.getMessage().count("broken") == 100
    assert record.getMessage().endswith("099 (broken), and 20 more")


@pytest.mark.parametrize(("position", "problem"), [(2, "a file cannot be read"), (PARTIAL, "a file is damaged")])
@pytest.mark.parametrize("workers", [0, 1])
def test_strict(workers: int, position: int, problem: str) -> None:
    with pytest.raises(InputError, match=rf"{problem}(.|\n)*{position}\.mp4(.|\n)*--strict"):
        list(reader(workers, strict=True).stream([Request([0, position])]))


def test_the_first_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "BAD", {0, 1})
    assert levels(reader().first_readable(8)[None]) == [2]
    with pytest.raises(InputError, match=r"none of the files can be read(.|\n)*0\.mp4 \(broken\), 1\.mp4"):
        reader().first_readable(2)


def test_what_is_not_wanted_any_more_is_not_read() -> None:
    """A consumer that stops early leaves nothing behind, and the reader works on."""
    files = reader(workers=2)
    stream = files.stream(Request([number % 2]) for number in range(1000))
    assert levels(next(stream)[0]) == [0, 0]
    stream.close()  # type: ignore[attr-defined]
    assert [levels(x) for x, _ in files.stream([Request([1]), Request([0])])] == [[1, 1], [0, 0]]
