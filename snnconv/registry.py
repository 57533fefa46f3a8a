"""Named things of one kind (neurons, rules, methods, data sources): one file, one registration each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from .errors import InputError

V = TypeVar("V")
Entry = TypeVar("Entry")  # what is registered keeps its own type, which is one of V's


class Registry(Generic[V]):
    """A table from names to entries whose misses teach: unknown names list the known ones and the nearest."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, V] = {}

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Decorator: file the entry under `name`. A name can be taken only once."""

        def add(entry: Entry) -> Entry:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered already")
            self._entries[name] = cast(Any, entry)
            return entry

        return add

    def __getitem__(self, name: str) -> V:
        if name not in self._entries:
            near = difflib.get_close_matches(name, self._entries, n=1)
            raise InputError(
                f"unknown {self.kind} {name!r}",
                expected=f"one of {', '.join(self._entries)}",
                remedy=f"did you mean {near[0]!r}?" if near else None,
            )
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
