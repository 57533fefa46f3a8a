"""`snnconv methods`: every entry of the registry, as a table and as data."""

from __future__ import annotations

import json

from snnconv import METHODS

from .conftest import Command


def test_table_names_every_method(command: Command) -> None:
    ended = command("methods")
    assert ended.code == 0
    assert {line.split()[0] for line in ended.out.splitlines() if line[1:2].strip()} == {"method", *METHODS}


def test_json(command: Command) -> None:
    rows = json.loads(command("methods", "--json").out)["methods"]
    assert [row["method"] for row in rows] == list(METHODS)
    sdm = next(row for row in rows if row["method"] == "sdm")
    assert (sdm["needs"], sdm["granularity"], sdm["warm_up"]) == ("clip", "layer", 0)
    free = json.loads(command("methods", "--training-free", "--json").out)["methods"]
    assert {row["needs"] for row in free} == {"nothing"}
    assert 0 < len(free) < len(rows)
