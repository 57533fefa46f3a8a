"""What a terminal, or a spreadsheet, would obey is shown instead."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import click
import pytest

import snnconv
from snnconv.console import VisibleConsole, styled
from snnconv.visible import as_cell, visible, visible_streams

ORDERS = "\x1b[31m \x1b]0;t\x07 \x08 \r \x7f \x85 \x9b31m \u2028 \u202e \u2066 \u200b \ufeff \U000e0041 \ud800"


def test_orders_become_text_and_other_text_stays() -> None:
    assert visible("λ = 0.5 µs, Größe 日本 🙂\n\t[x]") == "λ = 0.5 µs, Größe 日本 🙂\n\t[x]"
    assert visible("\x1b]0;t\x07\u202e\U000e0041") == r"\u001b]0;t\u0007\u202e\udb40\udc41"
    assert visible(ORDERS).isprintable()
    assert visible(visible(ORDERS)) == visible(ORDERS)


def test_json_stays_the_same_document() -> None:
    document = {ORDERS.replace("\ud800", ""): [ORDERS.replace("\ud800", "")]}
    assert json.loads(visible(json.dumps(document, ensure_ascii=False))) == document


def test_everything_printed_inside(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with visible_streams():
        print(ORDERS)
        click.echo(ORDERS)
        click.echo(ORDERS, err=True)
        sys.stderr.writelines([ORDERS])
        VisibleConsole(width=400).print(ORDERS, styled(ORDERS, "bold"))
    assert (sys.stdout, sys.stderr) == before
    printed = capsys.readouterr()
    shown = visible(ORDERS)
    bare = shown.replace("\\u001b[31m", "", 1)  # click takes colours out itself
    assert printed.out.splitlines() == [shown, bare, f"{shown} {shown}"]
    assert printed.err == f"{bare}\n{shown}"


def test_the_terminal_keeps_its_colours_and_texts_are_no_markup() -> None:
    file = io.StringIO()
    VisibleConsole(file=file, force_terminal=True, highlight=False, width=200).print(
        styled("a\x1b[31m", "bold"), "[red]x[/y] :smile:"
    )
    assert file.getvalue() == "\x1b[1ma\\u001b[31m\x1b[0m [red]x[/y] :smile:\n"


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "\t=1"])
def test_cells_that_would_be_calculated(text: str) -> None:
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1, -0.5, None, "a=1", "–", ""])
def test_other_cells(value: object) -> None:
    assert as_cell(value) is value


def test_tables_and_bars_are_written_by_one_console() -> None:
    package = Path(snnconv.__file__).parent
    made = re.compile(r"(?<!Visible)Console\(|import Console\b|from_markup|markup=True")
    found = {str(path.relative_to(package)) for path in package.rglob("*.py") if made.search(path.read_text())}
    assert found == {"console.py"}
