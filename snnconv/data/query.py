"""`DIR?size=32&resize=36`: the options that may follow the place of a data source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..errors import InputError


def parse_query(
    argument: str, known: Mapping[str, Callable[[str], Any]], what: str, expected: str
) -> tuple[str, dict[str, Any]]:
    """What stands before the question mark, and the options after it; a path that exists, mark and all, has none.

    Args:
        known: option → from its text to its value; a ValueError says that it is none,
            an InputError says more.
        what: whose options they are, in the error, as "a picture folder".
        expected: how they are written, in the error.

    Raises:
        InputError: an option that is not known or given twice, or a value that is none.
    """
    place, _, query = argument.rpartition("?")
    if not place or "=" not in query or os.path.exists(argument):
        return argument, {}
    options = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        said = {"expected": expected, "got": f"{key}={value}", "where": argument}
        if key not in known:
            raise InputError(f"not an option of {what}", **said)
        if key in options:
            raise InputError(f"the option {key} of {what} comes twice", **said)
        try:
            options[key] = known[key](value)
        except InputError:
            raise
        except ValueError:
            raise InputError(f"not a value for the option {key} of {what}", **said) from None
    return place, options


def word(text: str) -> str:
    """Any text but none.

    Raises:
        ValueError: it is empty.
    """
    if not text:
        raise ValueError(text)
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words.

    Raises:
        ValueError: from the function: it is another.
    """

    def chosen(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return chosen


def positive(text: str) -> int:
    """A whole number above 0.

    Raises:
        ValueError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(text)
    return int(text)
