"""Settings as they are typed: methods with what they fix, and the values of an option."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..methods import METHODS
from .labels import number
from .setting import OPTIONS, Setting

ALL = "all"


def parse_methods(text: str) -> list[Setting]:
    """`"if,sdm:alpha=0.2,beta=5,auto"` → settings with what they fix. An option belongs to the method before it.

    `all` stands for every method whose ANN needs no training of its own.

    Raises:
        InputError: an unknown method or option, an option before any method or after `all`, one given twice, or a bad
            value.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    of_all = False
    for piece in text.split(","):
        key, equals, _ = piece.partition("=")
        name, colon, option = (part.strip() for part in piece.partition(":"))
        if equals and ":" not in key:  # the value may hold a colon, as percentile:99.9 does
            option = piece.strip()
            if not found:
                raise InputError(
                    "an option comes before its method", expected="as sdm:alpha=0.2,beta=5", got=repr(text)
                )
        elif name == ALL:
            of_all = True
            found += [(method, dict[str, Any]()) for method in METHODS if METHODS[method].needs == "nothing"]
        else:
            METHODS[name]  # an unknown one is refused, with the nearest
            of_all = False
            found.append((name, {}))
        if option or colon:
            if of_all:
                raise InputError(
                    f"{ALL} takes no options of its own",
                    got=repr(text),
                    remedy="an option of the command, as --threshold mse, holds for every method that has it",
                )
            put_option(*found[-1], option)
    return [Setting(name, options) for name, options in found]


def put_option(method: str, options: dict[str, Any], text: str) -> None:
    """Add one `key=value` to a method's options."""
    key, equals, value = (part.strip() for part in text.partition("="))
    key = key.replace("-", "_")
    if not equals or key not in OPTIONS:
        expected = f"{method}:KEY=VALUE with KEY one of {', '.join(OPTIONS)}"
        raise InputError(f"unknown option of method {method!r}", expected=expected, got=repr(text))
    if key in options:
        raise InputError(f"option {key} of method {method!r} comes twice", got=repr(text))
    read, expected = OPTIONS[key]
    try:
        options[key] = read(value)
    except (ValueError, KeyError):
        raise InputError(
            f"option {key} of method {method!r} has a bad value", expected=expected, got=repr(value)
        ) from None


def parse_numbers(text: str, option: str) -> list[Any]:
    """`"0.2,0.5"` → the values of an option.

    Raises:
        InputError: one that is no such number, or comes twice.
    """
    read, expected = OPTIONS[option]
    values: list[Any] = []
    for part in text.split(","):
        try:
            value = read(part.strip())
        except ValueError:
            raise InputError(
                f"--{option} has a bad value", expected=f"{expected}, or several as 1,2", got=repr(text)
            ) from None
        if value in values:
            raise InputError(f"--{option} {number(value)} comes twice", got=repr(text))
        values.append(value)
    return values
