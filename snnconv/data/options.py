"""Options behind the place of the data, as in `DIR:train?frames=16&size=64`, read by a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ..errors import InputError

PARTS = ("train", "test")


@dataclass(frozen=True)
class Option:
    """One option of a data source.

    Attributes:
        default: its value where it is not given.
        read: from text to the value; a ValueError says that the text is none.
        form: how it is written, for errors: "frames=16".
    """

    default: Any
    read: Callable[[str], Any]
    form: str


def split_options(argument: str, table: Mapping[str, Option], what: str) -> tuple[str, dict[str, Any]]:
    """`DIR?frames=8` → DIR and the values of all options in the table.

    A question mark without an equals sign behind it is a part of the name.

    Args:
        what: the data, for errors: "event data".

    Raises:
        InputError: an option that is not in the table, or a value that it cannot have.
    """
    place, _, query = argument.rpartition("?")
    if not place or "=" not in query:
        place, query = argument, ""
    values = {name: option.default for name, option in table.items()}
    for name, text in parse_qsl(query, keep_blank_values=True):
        try:
            values[name] = table[name].read(text)
        except (KeyError, ValueError):
            raise InputError(
                f"not an option of {what}",
                expected="?" + "&".join(option.form for option in table.values()) + " (each optional)",
                got=f"{name}={text}",
                where=argument,
            ) from None
    return place, values


def split_part(place: str) -> tuple[str, str]:
    """`DIR:train` → DIR and "train"; without a part it is "test", as for every data source."""
    before, _, part = place.rpartition(":")
    return (before, part) if before and part in PARTS else (place, "test")


def whole_number(text: str) -> int:
    """A whole number ≥ 1.

    Raises:
        ValueError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(text)
    return int(text)


def one_of(*names: str) -> Callable[[str], str]:
    """One of these words."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return read
