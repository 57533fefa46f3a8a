"""Whatever a run leaves to be continued: damage to any byte of it costs what it hits, and never gives other numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from snnconv import InputError
from snnconv.bench.journal import Converted, Counted, Ended, Wired, open_journal
from snnconv.calib.checkpoint import Checkpoint
from snnconv.calib.statistics import NeuronMaximum
from snnconv.coverage import Coverage
from snnconv.coverage.journal import Journal as CoverageJournal
from snnconv.fingerprint import digest
from snnconv.reports import detail as closely
from snnconv.reports.detail import is_finished
from snnconv.training.checkpoint import load_checkpoint, save_checkpoint

from .coverage.made import GATED, PLAIN

CONFIGURATION: dict[str, Any] = {"T": [1, 2], "name": "Überlänge", "data": {"sha256": "0" * 64}}


class Kept:
    """What a run leaves: how it is written, and what is read of it: values by name, of which damage may take some."""

    def __init__(self, name: str, write: Callable[[Path], Any], read: Callable[[Path], dict[str, Any] | None]) -> None:
        self.name, self.write, self.read = name, write, read


def write_journal(folder: Path, process: int = 0) -> None:
    journal = open_journal(folder, CONFIGURATION, process)
    journal.add(Converted("if", {"alpha": 1.0}, ["≤"], None))
    journal.add(Wired("if", [[3, 8, 8]], ["≤"], {"layers": {}}, {"ANN FP32": {"ops": 1.0}}))
    for batch in range(3):
        operations = [["relu", "fc", [5, 6]]]
        journal.add(
            Counted("if", batch, [[3, 8, 8]], 10, [3 + batch, 4], operations, {"relu": [1, 2]}, {"ANN FP32": 9})
        )
    journal.add(Ended(3))
    journal.close()


def read_journal(folder: Path) -> dict[str, Any]:
    journal = open_journal(folder, CONFIGURATION)
    return {f"{type(record).__name__}{getattr(record, 'batch', '')}": asdict(record) for record in journal.records()}


def write_coverage(folder: Path) -> None:
    with CoverageJournal(folder, CONFIGURATION) as journal:
        journal.add(PLAIN)
        journal.add(GATED)


def read_coverage(folder: Path) -> dict[str, Any]:
    return {name: asdict(network) for name, network in CoverageJournal(folder, CONFIGURATION).records.items()}


def maxima() -> dict[str, NeuronMaximum]:
    found = {"relu": NeuronMaximum()}
    found["relu"].add(torch.arange(12.0).view(2, 2, 3))
    return found


def write_calibration(folder: Path) -> None:
    checkpoint = Checkpoint(folder / "calibration", CONFIGURATION)
    checkpoint.take([torch.ones(2)])
    checkpoint.save(maxima(), 1, now=True)


def read_calibration(folder: Path) -> dict[str, Any]:
    statistics = maxima()
    checkpoint = Checkpoint(folder / "calibration", CONFIGURATION)
    seen = checkpoint.restore(statistics)
    checkpoint.take([torch.ones(2)])  # what it says of the data has to fit too
    return {"all": [seen, statistics["relu"].maximum.tolist()]} if seen else {}


def write_checkpoint(folder: Path) -> None:
    model = {"weight": torch.arange(6.0), "steps": torch.tensor(3)}
    document = {"configuration": CONFIGURATION, "model": model, "lr": 0.1, "shares": [{"python": (3, (1, 2), None)}]}
    save_checkpoint(folder, document)


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    found = load_checkpoint(folder, CONFIGURATION)
    return found and {"all": digest(found)}


def write_result(folder: Path) -> None:
    result = Coverage([PLAIN], 32, {closely.RECORD: CONFIGURATION})
    result.provenance[closely.CHECK] = closely.check_of(json.loads(json.dumps(result.to_dict())))
    result.to_json(folder / "coverage.json")
    result.to_csv(folder / "coverage.csv")
    for kind in ("png", "svg"):
        (folder / f"coverage.{kind}").touch()


def read_result(folder: Path) -> dict[str, Any]:
    if not is_finished(Coverage, folder, CONFIGURATION):
        return {}
    return {"all": [json.loads((folder / "coverage.json").read_text()), (folder / "coverage.csv").read_text()]}


KEPT = [
    Kept("sweep.jsonl", write_journal, read_journal),
    Kept("sweep.1.jsonl", lambda folder: write_journal(folder, 1), read_journal),
    Kept("coverage.jsonl", write_coverage, read_coverage),
    Kept("calibration", write_calibration, read_calibration),
    Kept("checkpoint.pt", write_checkpoint, read_checkpoint),
    Kept("coverage.json", write_result, read_result),
    Kept("coverage.csv", write_result, read_result),
]


def damaged(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """The same file with one byte, or one piece, other than it was."""
    step = max(len(whole) // 250, 1)
    for place in range(0, len(whole), step):
        yield f"byte {place}", whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
    for cut in range(0, len(whole), max(len(whole) // 12, 1)):
        yield f"cut off after {cut}", whole[:cut]
        yield f"{cut} bytes from the middle missing", whole[: len(whole) // 3] + whole[len(whole) // 3 + cut + 1 :]
        yield f"{cut} bytes of nothing", whole[:cut] + bytes(len(whole) - cut)
        yield f"{cut} bytes twice", whole[:cut] + whole
    lines = whole.splitlines(keepends=True)
    for place in range(len(lines) - 1):
        yield (
            f"line {place} after the next",
            b"".join([*lines[:place], *lines[place : place + 2][::-1], *lines[place + 2 :]]),
        )
        yield f"line {place} missing", b"".join([*lines[:place], *lines[place + 1 :]])
        yield f"line {place} twice", b"".join([*lines[: place + 1], *lines[place:]])


@pytest.mark.filterwarnings("ignore")  # of torch, about files that are none
@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_no_damage_gives_other_numbers(kept: Kept, tmp_path: Path) -> None:
    kept.write(tmp_path)
    file = tmp_path / kept.name
    whole, sound, refused = file.read_bytes(), kept.read(tmp_path), 0
    assert sound
    for what, content in damaged(whole):
        file.write_bytes(content)
        try:
            found = kept.read(tmp_path) or {}
        except InputError:
            refused += 1
            continue
        assert {name: sound.get(name) for name in found} == found, what
    assert refused or kept.read is read_result  # a result is measured again, whatever is wrong with it
    file.write_bytes(whole)
    assert kept.read(tmp_path) == sound
