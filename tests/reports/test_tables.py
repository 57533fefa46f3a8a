"""How values are written and sorted."""

from __future__ import annotations

import pytest

from snnconv.reports.parts import Cell
from snnconv.reports.record import flat
from snnconv.reports.tables import amount, cell, table, used


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.5, "0.5"), (999, "999"), (1500, "1.5 k"), (40_551_000, "40.55 M"), (2e9, "2 G"), (3e12, "3 T")],
)
def test_amounts(value: float, text: str) -> None:
    assert amount(value) == text


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("accuracy", 91.5, Cell("91.50", "91.5")),
        ("energy", 0.00233, Cell("2.33 µJ", "0.00233")),
        ("mJ_weights", 0.5, Cell("500 µJ", "0.5")),
        ("vs_ann", -0.25, Cell("-0.25", "-0.25")),
        ("T", 16, Cell("16", "16")),
        ("anything", 1234567, Cell("1,234,567", "1234567")),
        ("anything", 0.123456, Cell("0.1235", "0.123456")),
        ("accuracy", None, Cell("–", "")),
        ("accuracy", float("nan"), Cell("–", "")),
        ("name", "<b>", Cell("<b>", "<b>")),
        ("memory", [1, 2], Cell("[1, 2]", "[1, 2]")),
        ("flag", True, Cell("true", "true")),
    ],
)
def test_cells(key: str, value: object, expected: Cell) -> None:
    assert cell(key, value) == expected


def test_columns_without_any_value_are_left_out() -> None:
    rows = [{"name": "a", "ops": None, "T": 1}, {"name": "b", "ops": None, "T": None}]
    found = table("caption", rows)
    assert [(column.heading, column.number) for column in found.columns] == [("name", False), ("T", True)]
    assert [[cell.text for cell in row] for row in found.rows] == [["a", "1"], ["b", "–"]]


def test_used_keys() -> None:
    assert used([{"a": 0, "b": 1}, {"a": 0.0, "c": 2}], ("a", "b", "c", "d")) == ["b", "c"]


def test_configurations_are_flattened() -> None:
    document = {"a": {"b": {"c": 1}, "d": [1, 2]}, "e": "text", "f": None, "g": {}}
    assert flat(document) == [("a · b · c", "1"), ("a · d", "[1, 2]"), ("e", "text"), ("g", "{}")]
