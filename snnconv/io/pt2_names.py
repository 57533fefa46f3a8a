"""Names and texts a `.pt2` may hold: torch pastes many of them into Python source that it then runs."""

from __future__ import annotations

import keyword
import re

# Anything above six digits is not a counter that torch ever reached, and torch counts up to it in a loop.
_SYMBOL = re.compile(r"[a-z]{1,4}\d{1,6}")
_QUOTES = frozenset("'\"\\`")


class Refused(Exception):
    """A check's finding: what in the file is not on the allow-list. `check_program` turns it into UnsafeFileError."""


def check_identifier(text: str) -> None:
    """A name that becomes a variable: `GraphModule` writes `name = torch.ops…` and executes it.

    Raises:
        Refused: `text` is not a Python identifier.
    """
    if not text.isidentifier() or keyword.iskeyword(text):
        raise Refused(f"the name {shorten(text)} where a Python identifier belongs")


def check_optional_identifier(text: str) -> None:
    """The same where torch leaves the name empty for what is passed by position. Raises: Refused."""
    # Parameters may be named after a keyword in an operator's schema (`from`); torch passes those by position.
    if text and not keyword.iskeyword(text):
        check_identifier(text)


def check_quotable(text: str) -> None:
    """A text that is pasted between quotes (`getattr(self, "…")`, guard messages, keyword names).

    Raises:
        Refused: `text` could end the quotation.
    """
    if not text.isprintable() or not _QUOTES.isdisjoint(text):
        raise Refused(f"the text {shorten(text)} with quotes or control characters where a plain name belongs")


def check_attribute(text: str) -> None:
    """A dotted place in the network, such as `layer1.0.conv.weight`.

    Raises:
        Refused: it could end a quotation, or reaches for Python's own attributes.
    """
    check_quotable(text)
    if any(part.startswith("__") for part in text.split(".")):
        raise Refused(f"the attribute {shorten(text)}")


def check_symbol(text: str) -> None:
    """A symbolic size, such as `s77` or `u0`.

    Raises:
        Refused: it is anything else.
    """
    if not _SYMBOL.fullmatch(text):
        raise Refused(f"the symbol {shorten(text)}, which torch.export would not write")


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set: tables of names read better so."""
    return frozenset(text.split())


def check_free(text: str) -> None:
    """A text that torch only stores or shows: anything goes."""


def shorten(text: str, limit: int = 80) -> str:
    """The text as a Python literal, cut to one short line for messages."""
    literal = repr(text)
    return literal if len(literal) <= limit else literal[: limit - 1] + "…"
