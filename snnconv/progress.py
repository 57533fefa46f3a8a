"""Progress bars on standard error: on a terminal, unless quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet(flag: bool = True) -> Iterator[None]:
    """No progress bars inside the block."""
    token = _quiet.set(flag)
    try:
        yield
    finally:
        _quiet.reset(token)


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Iterate with a bar that shows how far and how long still; transient, so that it leaves no trace."""
    if _quiet.get() or not sys.stderr.isatty():
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, total=total, description=description)
