"""The table of what quick runs leave out names tests that exist, and leaves at least one case of each."""

from __future__ import annotations

import ast

import pytest

from .documents import ROOT
from .thinned import NONE, THINNED, left_out


@pytest.mark.parametrize("file", THINNED)
def test_what_is_left_out_exists(file: str) -> None:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {*THINNED[file]} <= names


def test_some_of_all_but_the_longest_run() -> None:
    for file, tests in THINNED.items():
        for test, share in tests.items():
            names = [f"{file}::{test}[{number}]" for number in range(17)]
            kept = len(names) - len(left_out(names))
            assert kept == (0 if share == NONE else -(-17 // share))
    assert not left_out([f"files/test_one_way.py::test_any[{number}]" for number in range(9)])
