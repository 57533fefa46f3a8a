"""`DIR?size=32&resize=36`: the options that may follow the place of a data source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..errors import InputError


def parse_query(
    argument: str, known: Mapping[str, Callable[[str], Any]], what: str, expected: str
) -> tuple[str, dict[str, Any]]:
    """What stands before the question mark, and the options after it.

    Args:
        known: option → from its text to its value; a ValueError says that it is none,
            an InputError says more.
        what: whose options they are, in the error, as "a picture folder".
        expected: how they are written, in the error.

    Raises:
        InputError: an option that is not known, or a value that is none.
    """
    place, _, query = argument.rpartition("?")
    if not place or "=" not in query:  # a question mark can be part of a folder's name
        return argument, {}
    options = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        try:
            options[key] = known[key](value)
        except InputError:
            raise
        except (KeyError, ValueError):
            raise InputError(
                f"not an option of {what}", expected=expected, got=f"{key}={value}", where=argument
            ) from None
    return place, options


def positive(text: str) -> int:
    """A whole number above 0.

    Raises:
        ValueError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(text)
    return int(text)
