"""Methods as they are typed: names with what is fixed for each, and the labels that commands print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import InputError
from .catalogue import METHODS, Method
from .options import OPTIONS

Parsed = tuple[str, dict[str, Any]]  # the method's name, and the options that replace its own
ALL = "all"
WORDS = re.compile(r"\s+(?=[^\s=]+=|per\s)")  # between the words of a label; a rule has spaces of its own
SPELLINGS = {spelling: option for option in OPTIONS.values() for spelling in option.spellings}
GRANULARITIES = {"per channel": True, "per layer": False}


def parse_methods(text: str) -> list[Parsed]:
    """`"if,sdm:alpha=0.2,beta=5,auto"` → methods with what is fixed for each; options follow their method.

    A label is read as well: `"sdm α=0.2 β=5 correct=bias per channel"`. `all` stands for every method whose ANN needs
    no training of its own.

    Raises:
        InputError: an unknown method or option, an option before any method or after `all`, one given twice, or a bad
            value.
    """
    found: list[Parsed] = []
    of_all = False
    for piece in text.split(","):
        name, words = split_piece(piece.strip())
        if name == ALL:
            of_all = True
            found += [(method, dict[str, Any]()) for method in METHODS if METHODS[method].needs == "nothing"]
        elif name or not words:
            METHODS[name]  # an unknown one is refused, with the nearest
            of_all = False
            found.append((name, {}))
        for word in words:
            if not found:
                expected = "a method first, such as sdm:alpha=0.2,beta=5"
                raise InputError("an option comes before its method", expected=expected, got=repr(text))
            if of_all:
                raise InputError(
                    f"{ALL} takes no options of its own",
                    got=repr(text),
                    remedy="an option of the command, such as --threshold mse, holds for every method that has it",
                )
            put_option(*found[-1], word)
    return found


def parse_method(text: str) -> Parsed:
    """One method, with what is fixed for it.

    Raises:
        InputError: see `parse_methods`; or several.
    """
    found = parse_methods(text)
    if len(found) != 1:
        raise InputError("several methods where one is expected", expected="such as sdm:alpha=0.2,beta=5",
                         got=repr(text), remedy="compare them: snnconv compare, or snnconv sweep")  # fmt: skip
    return found[0]


def chosen(method: str | Method, options: Mapping[str, Any]) -> Method:
    """The method that is named, described (`"sdm:alpha=0.2"`) or given, with the options in place of its own.

    Raises:
        InputError: see `parse_method` and `Method.override`.
    """
    if isinstance(method, Method):
        return method.override(options)
    name, fixed = parse_method(method)
    return METHODS[name].override({**fixed, **{name: value for name, value in options.items() if value is not None}})


def split_piece(piece: str) -> tuple[str, list[str]]:
    """`sdm:alpha=0.2` → ("sdm", ["alpha=0.2"]); `beta=5` → ("", ["beta=5"]); `sdm α=0.2 β=5` → ("sdm", [two])."""
    first, *words = WORDS.split(piece)
    key, equals, _ = first.partition("=")
    if equals and ":" not in key:  # the value may hold a colon, as percentile:99.9 does
        return "", [first, *words]
    name, colon, option = (part.strip() for part in first.partition(":"))
    return name, [*([option] if colon else []), *words]


def put_option(method: str, options: dict[str, Any], text: str) -> None:
    """Add one `key=value`, or `per channel`, to a method's options."""
    for name, value in read_option(method, text):
        if name in options:
            raise InputError(f"option {name} of method {method!r} comes twice", got=repr(text))
        options[name] = value


def read_option(method: str, text: str) -> Iterator[tuple[str, Any]]:
    words = " ".join(text.split())
    if words == f"per {METHODS[method].granularity}":
        return  # the method's own
    if words in GRANULARITIES:
        yield "per_channel", GRANULARITIES[words]
        return
    key, equals, value = (part.strip() for part in text.partition("="))
    option = SPELLINGS.get(key.removeprefix("--").replace("-", "_"))
    if not equals or option is None:
        expected = f"{method}:KEY=VALUE with KEY one of {', '.join(OPTIONS)}"
        raise InputError(f"unknown option of method {method!r}", expected=expected, got=repr(text))
    try:
        yield option.name, option.read(value)
    except (ValueError, KeyError):
        raise InputError(
            f"option {option.name} of method {method!r} has a bad value", expected=option.expected, got=repr(value)
        ) from None
