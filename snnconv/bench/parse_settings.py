"""Settings as they are typed: methods with what they fix, and the values of an option."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..methods import OPTIONS
from ..methods.label import number
from ..methods.parse import parse_methods
from .setting import Setting


def parse_settings(text: str) -> list[Setting]:
    """Methods with what is fixed for each, as `parse_methods` reads them.

    Raises:
        InputError: see there.
    """
    return [Setting(name, options) for name, options in parse_methods(text)]


def parse_numbers(text: str, option: str) -> list[Any]:
    """`"0.2,0.5"` → the values of an option.

    Raises:
        InputError: one that is no such number, or comes twice.
    """
    row = OPTIONS[option]
    values: list[Any] = []
    for part in text.split(","):
        try:
            value = row.read(part.strip())
        except ValueError:
            raise InputError(
                f"--{option} has a bad value", expected=f"{row.expected}, or several as 1,2", got=repr(text)
            ) from None
        if value in values:
            raise InputError(f"--{option} {number(value)} comes twice", got=repr(text))
        values.append(value)
    return values
