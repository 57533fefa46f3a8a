"""Progress bars on standard error: on a terminal, unless quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from .console import VisibleConsole

Item = TypeVar("Item")
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
_shown: ContextVar[Progress | None] = ContextVar("shown", default=None)


@contextmanager
def quiet(flag: bool = True) -> Iterator[None]:
    """No progress bars inside the block."""
    token = _quiet.set(flag)
    try:
        yield
    finally:
        _quiet.reset(token)


class Bar:
    """How far a long piece of work is; shows nothing where bars are not wanted."""

    def __init__(self, display: Progress | None, task: TaskID) -> None:
        self._display, self._task = display, task

    def describe(self, text: str) -> None:
        if self._display is not None:
            self._display.update(self._task, description=text)

    def advance(self, by: int = 1) -> None:
        if self._display is not None:
            self._display.advance(self._task, by)


@contextmanager
def progress(description: str, total: int | None = None, done: int = 0) -> Iterator[Bar]:
    """A bar with the time left; transient, so that it leaves no trace. One inside another is shown below it.

    Args:
        done: how much was finished earlier; it does not count for the speed.
    """
    standing = _shown.get()
    if standing is not None:
        task = standing.add_task(description, total=total, completed=done)
        yield Bar(standing, task)
        standing.remove_task(task)
    elif _quiet.get() or not sys.stderr.isatty():
        yield Bar(None, TaskID(0))
    else:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=VisibleConsole(stderr=True), transient=True) as display:
            token = _shown.set(display)
            try:
                yield Bar(display, display.add_task(description, total=total, completed=done))
            finally:
                _shown.reset(token)


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Iterate with a bar that shows how far and how long still."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress(description, total) as bar:
        for item in items:
            yield item
            bar.advance()
