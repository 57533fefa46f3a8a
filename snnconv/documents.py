"""Data that came from a file: parsed within bounds, then held against the types that the code gives it.

A record of a file is a dataclass; its annotations are its schema, checked by msgspec in one place. Ranges stand in the
annotations too: `T: Positive`, `accuracy: Percent`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypedDict, TypeVar

import msgspec
from msgspec import Meta

from .errors import InputError

DEEPEST = 100  # levels of lists and objects; what snnconv writes has fewer than ten
LONGEST = 512 * 2**20  # characters
T = TypeVar("T")

Count = Annotated[int, Meta(ge=0, le=2**62)]
Positive = Annotated[int, Meta(ge=1, le=2**62)]
Steps = Annotated[int, Meta(ge=1, le=2**20)]  # time steps of a simulation
Number = int | float  # as it stands there: what is annotated as float becomes one
Percent = Annotated[float, Meta(ge=0, le=100)]
Size = Annotated[int, Meta(ge=1, le=2**31)]  # of one dimension
Shape = tuple[Size, ...]
Text = Annotated[str, Meta(max_length=10_000)]
Finite = Annotated[float, Meta(ge=-1e300, le=1e300)]


class Moments(TypedDict):
    """What inputs were normalised with, one value a channel."""

    mean: Annotated[list[Finite], Meta(min_length=1)]
    std: Annotated[list[Annotated[float, Meta(gt=0, le=1e300)]], Meta(min_length=1)]


def parse_json(text: str | bytes, where: str, what: str = "the file") -> Any:
    """The value of a JSON text: UTF-8, no key twice, not too deep.

    Raises:
        InputError: what is wrong with it.
    """
    return _parsed(lambda decoded: json.loads(decoded, object_pairs_hook=_unique), text, where, what, "JSON")


def parse_toml(text: str | bytes, where: str, what: str = "the file") -> dict[str, Any]:
    """The same for TOML."""
    return _parsed(_toml, text, where, what, "TOML")


def _toml(text: str) -> dict[str, Any]:
    """Keys of very many parts would take the parser a time that grows with their square."""
    if any(part.count(".") > DEEPEST for part in re.split(r"[=\n\[{,]", text)):
        raise RecursionError
    return tomllib.loads(text)


def _parsed(parse: Callable[[str], Any], text: str | bytes, where: str, what: str, kind: str) -> Any:
    if len(text) > LONGEST:
        raise InputError(
            f"{what} is too long", expected=f"at most {LONGEST:,} bytes", got=f"{len(text):,}", where=where
        )
    try:
        document = parse(text if isinstance(text, str) else text.decode())
    except RecursionError as error:
        raise _too_deep(what, where) from error
    except ValueError as error:  # of either parser, of text that is not UTF-8, and of numbers of thousands of digits
        raise InputError(f"{what} is damaged: not valid {kind}", got=str(error)[:200], where=where) from error
    check_extent(document, where, what)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return found


def check_extent(document: object, where: str, what: str) -> None:
    """Refuse what nests so deeply, or holds such numbers, that code which takes it as it is would fail.

    Raises:
        InputError: it does.
    """
    level: list[object] = [document]
    for _ in range(DEEPEST):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise InputError(f"{what} holds a number of more than 64 bits", got=shorten(value), where=where)
        level = below
        if not level:
            return
    raise _too_deep(what, where)


def _too_deep(what: str, where: str) -> InputError:
    return InputError(f"{what} nests too deeply", expected=f"at most {DEEPEST} levels", where=where)


def typed(document: object, kind: type[T], where: str, what: str, remedy: str | None = None) -> T:
    """The document as a `kind`: a dataclass, or any other type.

    Args:
        what: the document, as the message begins: "the spiking plan".

    Raises:
        InputError: which part of it has another type or is out of range.
    """
    try:
        return msgspec.convert(document, kind, str_keys=True)
    except msgspec.ValidationError as error:
        expected, got, place = _told(str(error), document)
        raise InputError(
            f"{what} is damaged, or is something else",
            expected=expected, got=got, where=f"{place} in {where}" if place else where, remedy=remedy,
        ) from error  # fmt: skip
    except (ValueError, TypeError, RecursionError) as error:  # of a dataclass's own check
        raise InputError(
            f"{what} is damaged, or is something else", got=str(error)[:300], where=where, remedy=remedy
        ) from error


def _told(message: str, document: object) -> tuple[str | None, str, str]:
    """ "Expected `int`, got `str` - at `$.rows[0].T`" → int, "4", rows[0].T."""
    said, _, place = message.partition(" - at ")
    expected, _, got = said.removeprefix("Expected ").partition(", got ")
    path = place.strip("`").removeprefix("$").removeprefix(".")
    try:
        for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
            document = document[int(number)] if number else document[name]  # type: ignore[index]
        got = shorten(document)
    except (LookupError, TypeError):
        got = got or "something else"  # keys, and values of mappings, whose place is not told
    if not said.startswith(("Expected ", "Object ")):  # of a dataclass's own check
        return None, said.replace("`", ""), path.replace("`", "")
    expected = re.sub(r"\barray\b", "list", expected.replace("`", ""))
    return expected, got.replace("`", ""), path.replace("`", "")


def shorten(value: object) -> str:
    """What came, cut to a line."""
    text = repr(value) if isinstance(value, (str, int, float, type(None))) else f"{type(value).__name__} {value!r}"
    return text if len(text) <= 80 else text[:79] + "…"


def require_format(document: object, known: Sequence[int], where: str, what: str) -> None:
    """Refuse a document of a later format before its other parts are judged.

    Raises:
        InputError: it says another format, or none.
    """
    found = document.get("format") if isinstance(document, dict) else None
    if type(found) is not int or found not in known:
        raise InputError(
            f"{what} has format {shorten(found)}", expected=f"format {' or '.join(map(str, known))}", where=where,
            remedy="open it with the snnconv version that wrote it, or make it again",
        )  # fmt: skip
