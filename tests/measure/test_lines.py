"""Files of checked lines: damage costs the line it hits, which is named, and no other; a damaged header is refused."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snnconv import InputError
from snnconv.measure.lines import open_lines, read_lines

KIND, CONFIGURATION = "sweep", {"T": [1, 2], "name": "Überlänge"}
DOCUMENTS: list[dict[str, Any]] = [{"n": number, "text": f"≤ {number}", "check": "x"} for number in range(4)]


def written(path: Path, *documents: dict[str, Any], configuration: dict[str, Any] | None = None) -> list[bytes]:
    """The lines of a file with these documents."""
    writer = open_lines(path, KIND, configuration or CONFIGURATION)
    for document in documents:
        writer.add(document)
    writer.close()
    return path.read_bytes().splitlines(keepends=True)


def read(path: Path) -> list[dict[str, Any]]:
    return read_lines(path, KIND, CONFIGURATION)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sweep.jsonl"


def test_what_was_written_is_read_back_as_json_lines(path: Path) -> None:
    lines = written(path, *DOCUMENTS[:2])
    assert written(path, *DOCUMENTS[2:])[: len(lines)] == lines
    assert read(path) == DOCUMENTS
    header, *rest = (json.loads(line) for line in path.read_text().splitlines())
    assert (header["snnconv"], header["configuration"]) == (KIND, CONFIGURATION)
    assert all(re.fullmatch("[0-9a-f]{16}", line["check"]) for line in (header, *rest))


@pytest.mark.parametrize(
    "change", [lambda b: b ^ 1, lambda b: b ^ 0x80, lambda b: ord("\n")], ids=["low bit", "high bit", "newline"]
)
def test_no_damaged_byte_gives_another_document(
    change: Callable[[int], int], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = written(path, *DOCUMENTS)
    whole = b"".join(lines)
    for place, byte in enumerate(whole):
        if change(byte) == byte:
            continue
        path.write_bytes(whole[:place] + bytes([change(byte)]) + whole[place + 1 :])
        caplog.clear()
        if place < len(lines[0]):
            with pytest.raises(InputError, match=r"damaged|another version"):
                read(path)
            continue
        lost = whole[:place].count(b"\n") - 1
        found = read(path)
        cut_off = byte == ord("\n")  # the line and the one after it became one; the last has no end any more
        assert found == [document for number, document in enumerate(DOCUMENTS) if number not in (lost, lost + cut_off)]
        assert ("damaged lines" in caplog.text) == (place < len(whole) - 1)
        if not cut_off and change(byte) != ord("\n"):
            assert f"{path}: damaged lines ({lost + 2}) are left out" in caplog.text


FOREIGN = "a line of another configuration"


@pytest.mark.parametrize(("order", "kept", "named"), [
    ([0, 1, 1, 2], [0, 0, 1], None),  # twice: the same document
    ([0, 3, 2, 1], [2, 1, 0], None),
    ([0, 1, FOREIGN, 2], [0, 1], "(3)"),
    ([0, b"\n", 1], [0], None),
    ([0, 1, b"{}\n", b"\xff\xfe\n", b'{"n":7}\n', 2], [0, 1], "(3, 4, 5)"),
])  # fmt: skip
def test_lines_out_of_place(
    order: list[Any], kept: list[int], named: str | None, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = written(path, *DOCUMENTS)
    foreign = written(path.with_name("other"), DOCUMENTS[0], configuration={"T": [1, 3]})[1]
    chosen = [foreign if item == FOREIGN else lines[item] if isinstance(item, int) else item for item in order]
    path.write_bytes(b"".join(chosen))
    assert read(path) == [DOCUMENTS[number] for number in kept]
    assert ("damaged" in caplog.text) == (named is not None)
    assert named is None or named in caplog.text


def test_many_damaged_lines_are_counted(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    header = written(path)[0]
    path.write_bytes(header + b"nonsense\n" * 30)
    assert read(path) == []
    assert "20, 21 and 10 more)" in caplog.text


def test_a_damaged_line_is_named_until_the_file_is_written_to(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = written(path, *DOCUMENTS)
    path.write_bytes(b"".join([lines[0], lines[1][:30], b"\n", *lines[2:]]))
    caplog.set_level(logging.WARNING)
    assert read(path) == read(path) == DOCUMENTS[1:]
    assert caplog.text.count("damaged lines (2)") == 2
    written(path, DOCUMENTS[0])
    caplog.clear()
    assert read(path) == [*DOCUMENTS[1:], DOCUMENTS[0]]
    assert not caplog.records


@pytest.mark.parametrize(("content", "told"), [
    (b'{"snnconv":"sweep","format":1,"configuration":{"T":[1,2]}}\n', "another version of snnconv(.|\n)*format 1"),
    (b'{"snnconv":"coverage","format":2,"configuration":{}}\n', "damaged"),
    (b"\n", "damaged"),
    (b"{}\n", "damaged"),
    (b"PK\x03\x04 no line at all", "not a journal"),
], ids=["older", "other kind", "empty line", "no header", "other file"])  # fmt: skip
def test_what_cannot_be_continued_is_refused_and_left_alone(content: bytes, told: str, path: Path) -> None:
    path.write_bytes(content)
    for attempt in (read, written):
        with pytest.raises(InputError, match=told) as caught:
            attempt(path)
        assert "--overwrite" in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("length", [0, 1, 9, 40])
def test_a_header_that_was_cut_off_is_begun_anew(length: int, path: Path) -> None:
    lines = written(path, DOCUMENTS[0])
    path.write_bytes(lines[0][:length])
    assert read(path) == []
    assert written(path, DOCUMENTS[0]) == lines
