"""Options after a question mark."""

from __future__ import annotations

import pytest

from snnconv.data.query import parse_query, positive
from snnconv.errors import InputError

KNOWN = {"size": positive, "name": str}


@pytest.mark.parametrize(("argument", "expected"), [
    ("a", ("a", {})),
    ("a?size=3", ("a", {"size": 3})),
    ("a?name=b%20c&size=3", ("a", {"name": "b c", "size": 3})),
    ("what?", ("what?", {})),
    ("what?/a", ("what?/a", {})),
    ("what?/a?size=3", ("what?/a", {"size": 3})),
])  # fmt: skip
def test_place_and_options(argument: str, expected: tuple) -> None:
    assert parse_query(argument, KNOWN, "a thing", "?size=1") == expected


@pytest.mark.parametrize("query", ["size=0", "size=", "size=1.5", "other=1"])
def test_what_is_refused(query: str) -> None:
    with pytest.raises(InputError, match=rf"option .*of a thing(.|\n)*\?size=1(.|\n)*{query}(.|\n)*a\?{query}"):
        parse_query(f"a?{query}", KNOWN, "a thing", "?size=1")


def test_an_option_that_comes_twice() -> None:
    with pytest.raises(InputError, match="the option size of a thing comes twice"):
        parse_query("a?size=1&size=1", KNOWN, "a thing", "?size=1")
