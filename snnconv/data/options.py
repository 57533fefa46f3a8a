"""`PATH?key=value&key=value`: what may follow the path of a data source."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import parse_qsl

from ..errors import InputError


def split_options(argument: str, known: Iterable[str], what: str) -> tuple[str, dict[str, str]]:
    """The path, and the options as they are typed; a path that exists, question mark and all, has none.

    Args:
        known: what an option may be called. what: the source in errors, as "a picture folder".

    Raises:
        InputError: another option, one without a value, or one given twice.
    """
    path, _, query = argument.rpartition("?")
    if not path or "=" not in query or os.path.exists(argument):
        return argument, {}
    options: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known or not value or key in options:
            again = ", twice" if key in options else ""
            raise InputError(
                f"not an option of {what}", expected="?" + "&".join(f"{name}=…" for name in known),
                got=f"{key}={value}{again}", where=argument,
            )  # fmt: skip
        options[key] = value
    return path, options
