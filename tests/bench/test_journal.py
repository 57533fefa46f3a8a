"""Journals: what is kept of a sweep, what a cut-off file still gives, and which folders are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.bench.journal import Converted, Counted, Ended, Journal, Wired, clear, journals_in, open_journal
from snnconv.measure.configurations import differences

CONFIGURATION = {"T": [1, 2], "model": {"sha256": "a", "name": "net"}, "settings": {"if": {"alpha": 1.0}}}
SIZE = [[3, 8, 8]]
CONVERTED = Converted("if", {"alpha": 1.0}, ["a notice"], None)
WIRED = Wired("if", SIZE, ["another notice"], {"layers": {}}, {"ANN FP32": {"ops": 1.0}})


def counted(batch: int) -> Counted:
    return Counted(
        "if", batch, SIZE, 2, [[1, batch], [1, 1]], [["relu", "fc", [5, 6]]], {"relu": [1, 2]}, {"ANN FP32": [1, 0]}
    )


def written(folder: Path, *batches: int, process: int = 0) -> Path:
    journal = open_journal(folder, CONFIGURATION, process)
    journal.add(CONVERTED)
    journal.add(WIRED)
    for batch in batches:
        journal.add(counted(batch))
    journal.close()
    assert journal.path is not None
    return journal.path


def batches_of(journal: Journal) -> list[int]:
    return sorted(batch for _, batch in journal.counted)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = written(tmp_path / "new" / "folder", 0, 1)
    journal = open_journal(path.parent, CONFIGURATION)
    assert journal.converted == {"if": CONVERTED}
    assert journal.wired == {("if", ((3, 8, 8),)): WIRED}
    assert journal.counted == {("if", batch): counted(batch) for batch in (0, 1)}
    assert journal.batches is None
    journal.add(counted(2))
    journal.add(Ended(3))
    journal.close()
    again = open_journal(path.parent, CONFIGURATION)
    assert (batches_of(again), again.batches) == ([0, 1, 2], 3)
    assert path.read_text().count("configuration") == 1


def test_every_batch_is_in_the_file_at_once(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, CONFIGURATION)
    journal.add(CONVERTED)
    journal.add(WIRED)
    for batch in range(3):
        journal.add(counted(batch))
        assert batches_of(open_journal(tmp_path, CONFIGURATION)) == list(range(batch + 1))
    journal.close()


def test_no_file_without_a_batch(tmp_path: Path) -> None:
    """A run that fails on its input leaves nothing behind, not even the folder."""
    journal = open_journal(tmp_path / "out", CONFIGURATION)
    journal.add(Ended(2))
    journal.add(CONVERTED)
    journal.add(WIRED)
    journal.close()
    assert list(tmp_path.iterdir()) == []
    journal.add(counted(0))
    journal.close()
    again = open_journal(tmp_path / "out", CONFIGURATION)
    assert again.records() == [CONVERTED, WIRED, counted(0), Ended(2)]


def test_in_memory() -> None:
    journal = open_journal(None, CONFIGURATION)
    journal.add(counted(0))
    assert batches_of(journal) == [0]


def test_whole_lines_survive_a_cut_anywhere(tmp_path: Path) -> None:
    """Cut after every single byte: what is whole is read, and adding goes on behind it."""
    path = written(tmp_path, 0, 1)
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        lines = sum(end < length for end in ends)  # header, conversion, its size, two batches
        journal = open_journal(tmp_path, CONFIGURATION)
        assert batches_of(journal) == list(range(max(0, lines - 3)))
        assert len(journal.converted) == (lines >= 2)
        assert len(journal.wired) == (lines >= 3)
        if length % 50 == 0:
            for record in (CONVERTED, WIRED, counted(7)):
                journal.add(record)
            journal.close()
            again = open_journal(tmp_path, CONFIGURATION)
            assert batches_of(again) == [*range(max(0, lines - 3)), 7]


@pytest.mark.parametrize("lost", [1, 2])
def test_batches_without_their_conversion_or_its_size_are_counted_again(lost: int, tmp_path: Path) -> None:
    path = written(tmp_path, 0, 1)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:lost], *lines[lost + 1 :]]))
    assert batches_of(open_journal(tmp_path, CONFIGURATION)) == []


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    journal, other = open_journal(tmp_path, CONFIGURATION), open_journal(tmp_path, CONFIGURATION)
    journal.add(CONVERTED)
    journal.add(WIRED)
    journal.add(counted(0))
    with pytest.raises(InputError, match="another run"):
        other.add(counted(1))
    journal.close()
    third = open_journal(tmp_path, CONFIGURATION)
    third.add(counted(1))
    third.close()
    assert batches_of(open_journal(tmp_path, CONFIGURATION)) == [0, 1]


def test_all_processes_are_read(tmp_path: Path) -> None:
    for process in range(3):
        written(tmp_path, process, 5, process=process)
    assert [path.name for path in journals_in(tmp_path)] == ["sweep.jsonl", "sweep.1.jsonl", "sweep.2.jsonl"]
    journal = open_journal(tmp_path, CONFIGURATION)
    assert batches_of(journal) == [0, 1, 2, 5]
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("process", [0, 1])
def test_another_configuration_is_refused(process: int, tmp_path: Path) -> None:
    path = written(tmp_path, 0, process=process)
    before = path.read_bytes()
    other = {"T": [1, 4], "model": {"sha256": "b", "name": "net"}, "settings": {"sdm": {"alpha": 1.0}}, "seed": 0}
    with pytest.raises(InputError) as caught:
        open_journal(tmp_path, other)
    text = str(caught.value)
    assert "another configuration" in text
    assert (
        'T: [1, 2] → [1, 4]; model.sha256: "a" → "b"; settings.if: dropped; settings.sdm: added; seed: none → 0' in text
    )
    assert "name" not in text
    assert "--overwrite" in text
    assert path.read_bytes() == before


def test_many_differences_are_cut_short(tmp_path: Path) -> None:
    written(tmp_path, 0)
    with pytest.raises(InputError, match="and 21 more"):
        open_journal(tmp_path, CONFIGURATION | {str(number): number for number in range(33)})


def test_equal_configurations_may_differ_in_type(tmp_path: Path) -> None:
    written(tmp_path, 0)
    assert batches_of(open_journal(tmp_path, CONFIGURATION | {"T": (1, 2)})) == [0]


def test_results_without_a_journal_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(InputError, match="without its journal"):
        open_journal(tmp_path, CONFIGURATION)
    assert open_journal(tmp_path, CONFIGURATION, fresh=True).records() == []


def test_of_equal_batches_the_first_counts() -> None:
    journal = open_journal(None, CONFIGURATION)
    journal.take([counted(0), replace(counted(0), samples=99)])
    assert journal.counted["if", 0].samples == 2


def test_differences_of_equal_things() -> None:
    assert differences(CONFIGURATION, CONFIGURATION) == []
