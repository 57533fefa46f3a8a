"""A run that was killed goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snnconv import InputError
from snnconv.coverage import Network, coverage
from snnconv.coverage.api import is_done
from snnconv.coverage.children import Children
from snnconv.coverage.journal import Journal, journal_path

from .made import FAILED, GATED, PLAIN

RESNET = replace(PLAIN, model="torchvision:resnet18")


def written(folder: Path, *records: Network) -> None:
    with Journal(folder, {"seed": 0}) as journal:
        for record in records:
            journal.add(record)


def test_records_are_read_back(tmp_path: Path) -> None:
    written(tmp_path, PLAIN, GATED, FAILED)
    assert Journal(tmp_path, {"seed": 0}).records == {record.model: record for record in (PLAIN, GATED, FAILED)}


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    written(tmp_path, PLAIN, GATED)
    path = journal_path(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    assert list(Journal(tmp_path, {"seed": 0}).records) == [PLAIN.model]
    written(tmp_path, FAILED)
    assert list(Journal(tmp_path, {"seed": 0}).records) == [PLAIN.model, FAILED.model]


def test_the_last_record_of_a_network_counts(tmp_path: Path) -> None:
    written(tmp_path, replace(PLAIN, failed="out of memory"), PLAIN)
    assert Journal(tmp_path, {"seed": 0}).records == {PLAIN.model: PLAIN}


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    written(tmp_path, PLAIN)
    with pytest.raises(InputError, match="a coverage of another configuration") as caught:
        Journal(tmp_path, {"seed": 1})
    assert "seed: 0 → 1" in str(caught.value)


def test_two_runs_cannot_write_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path, {}), pytest.raises(InputError, match="another run of the same coverage"):
        Journal(tmp_path, {}).__enter__()


def test_only_what_is_missing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done ones are kept; what failed, or was done at another size, is done again."""
    started: list[str] = []

    def record(_: Children, model: str) -> Network:
        started.append(model)
        return replace(PLAIN, model=model)

    monkeypatch.setattr(Children, "record", record)
    names = [f"torchvision:resnet{depth}" for depth in (18, 34, 50)]

    def run(fresh: bool = False) -> list[str]:
        started.clear()
        result = coverage(["torchvision"], models="resnet(18|34|50)$", folder=tmp_path, fresh=fresh)
        assert sorted(network.model for network in result.networks) == names
        return sorted(started)

    assert run() == names
    assert run() == []
    with Journal(tmp_path, configuration_in(tmp_path)) as journal:
        journal.add(replace(RESNET, failed="out of memory"))
    assert run() == [RESNET.model]
    assert run(fresh=True) == names


def configuration_in(folder: Path) -> dict[str, Any]:
    return json.loads(journal_path(folder).read_text().splitlines()[0])["configuration"]


def test_what_counts_as_done() -> None:
    assert is_done(RESNET, RESNET.model)
    assert not is_done(None, RESNET.model)
    assert not is_done(replace(RESNET, failed="out of memory"), RESNET.model)
    assert not is_done(replace(RESNET, shapes=[[3, 32, 32]]), RESNET.model)
