"""Text as it may be shown: a name in a file can hold what a terminal obeys, or a spreadsheet calculates."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

FORMULA = tuple("=+-@\t\r")  # how a cell begins that a spreadsheet takes for a formula
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format (direction, width), half a character, ends of lines
_SUSPECT = re.compile(r"[^\n\t\x20-\x7e]")


def visible(text: str) -> str:
    r"""The text with `\u001b` for what is not seen but obeyed, as an escape or a change of direction: JSON stays JSON.

    Line ends and tabs stay.
    """
    return _SUSPECT.sub(lambda found: escaped(found[0]), text)


def escaped(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN:
        return character
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


def as_cell(value: Any) -> Any:
    """A value of a .csv: an apostrophe before text that a spreadsheet would calculate."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


class VisibleStream:
    """A stream of text that shows what it is given as `visible` does; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(visible(text))

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> None:
        """No way around `write`."""
        return None

    @property
    def rich_proxied_file(self) -> TextIO:
        """Where rich writes its colours: what it colours, `VisibleConsole` has made visible."""
        return self._stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def visible_streams() -> Iterator[None]:
    """Inside the block, what is printed is `visible`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(VisibleStream, before)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
