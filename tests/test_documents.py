"""What came from a file is parsed within bounds and held against types; errors say where, and what was expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from snnconv.documents import DEEPEST, Moments, Percent, Positive, Shape, parse_json, parse_toml, typed
from snnconv.errors import InputError


@dataclass(frozen=True)
class Row:
    T: Positive
    accuracy: Percent
    note: str | None = None


@dataclass(frozen=True)
class Table:
    rows: list[Row]
    shapes: list[Shape]
    errors: dict[int, float] = field(default_factory=dict)
    normalization: Moments | None = None
    free: dict[str, Any] = field(default_factory=dict)


GOOD = {"rows": [{"T": 4, "accuracy": 90}], "shapes": [[3, 8, 8]], "errors": {"4": 0.5}, "free": {"a": [1]}}


def test_a_document_becomes_its_type() -> None:
    table = typed(
        parse_json(b'{"rows": [{"T": 4, "accuracy": 90}], "shapes": [[3, 8]], "errors": {"4": NaN}}', "f"),
        Table,
        "f",
        "a table",
    )
    assert table.rows == [Row(4, 90.0)]
    assert table.shapes == [(3, 8)]
    assert list(table.errors) == [4]
    assert parse_toml("a = [1, 2]", "f") == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("change", "place", "expected", "got"),
    [
        ({"rows": [{"T": 0, "accuracy": 1}]}, "rows[0].T", "int >= 1", "0"),
        ({"rows": [{"T": True, "accuracy": 1}]}, "rows[0].T", "int", "True"),
        ({"rows": [{"T": 2.5, "accuracy": 1}]}, "rows[0].T", "int", "2.5"),
        ({"rows": [{"T": "4", "accuracy": 1}]}, "rows[0].T", "int", "'4'"),
        ({"rows": [{"T": 4, "accuracy": 101}]}, "rows[0].accuracy", "float <= 100.0", "101"),
        ({"rows": [{"T": 4, "accuracy": float("nan")}]}, "rows[0].accuracy", "float", "nan"),
        ({"rows": [{"T": 4, "accuracy": 1, "note": []}]}, "rows[0].note", "str | null", "list []"),
        ({"rows": [{"accuracy": 1}]}, "rows[0]", "required field T", "dict"),
        ({"rows": {}}, "rows", "list", "dict {}"),
        ({"shapes": [[3, -1]]}, "shapes[0][1]", "int >= 1", "-1"),
        ({"shapes": "ab"}, "shapes", "list", "'ab'"),
        ({"normalization": {"mean": [0], "std": [0]}}, "normalization.std[0]", "float > 0.0", "0"),
        ({"free": None}, "free", "object", "None"),
    ],
)
def test_what_is_none_is_named(change: dict[str, Any], place: str, expected: str, got: str) -> None:
    with pytest.raises(InputError) as told:
        typed({**GOOD, **change}, Table, "run.json", "a table", "run it again")
    message = str(told.value)
    assert f"where: {place} in run.json" in message
    assert expected in message.partition("expected: ")[2].partition("\n")[0]
    assert got in message.partition("got: ")[2].partition("\n")[0]
    assert message.endswith("remedy: run it again")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "nests too deeply"),
        ('{"a":' * 50_000, "nests too deeply"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nests too deeply"),
        ("9" * 5000, "not valid JSON"),
        ("9" * 30, "more than 64 bits"),
        ('{"a": 1, "a": 2}', "'a' stands there twice"),
        (b"\xff\xfe\x00", "not valid JSON"),
        ("{}".encode("utf-16"), "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_texts_that_are_no_json(text: str | bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_json(text, "f")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 20_000, "a." * 20_000 + "b = 1", "a = " + "9" * 5000, "a = 1\na = 2", b"\xff"]
)
def test_texts_that_are_no_toml(text: str | bytes) -> None:
    with pytest.raises(InputError, match=r"nests too deeply|not valid TOML"):
        parse_toml(text, "f")
