"""Options behind the place of the data, and the part."""

from __future__ import annotations

import pytest

from snnconv.data.options import Option, one_of, split_options, split_part, whole_number
from snnconv.errors import InputError

TABLE = {
    "frames": Option(16, whole_number, "frames=16"),
    "by": Option("count", one_of("count", "time"), "by=count|time"),
}


@pytest.mark.parametrize(
    ("argument", "place", "values"),
    [
        ("dir", "dir", (16, "count")),
        ("dir?frames=4", "dir", (4, "count")),
        ("dir?by=time&frames=1", "dir", (1, "time")),
        ("what?", "what?", (16, "count")),
        ("what?/dir?by=time", "what?/dir", (16, "time")),
        ("?by=time", "?by=time", (16, "count")),  # no place, no options
    ],
)
def test_place_and_options(argument: str, place: str, values: tuple[int, str]) -> None:
    found, options = split_options(argument, TABLE, "test data")
    assert (found, options["frames"], options["by"]) == (place, *values)


@pytest.mark.parametrize("option", ["frames=0", "frames=", "frames=1.5", "frames=-1", "by=", "by=events", "size=3"])
def test_what_is_no_option(option: str) -> None:
    with pytest.raises(InputError, match=r"not an option of test data(.|\n)*\?frames=16&by=count\|time") as error:
        split_options(f"dir?{option}", TABLE, "test data")
    assert f"got: {option}" in str(error.value)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("dir", ("dir", "test")),
        ("dir:train", ("dir", "train")),
        ("a:b:test", ("a:b", "test")),
        ("dir:val", ("dir:val", "test")),
        (":train", (":train", "test")),
    ],
)
def test_parts(place: str, expected: tuple[str, str]) -> None:
    assert split_part(place) == expected
