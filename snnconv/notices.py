"""Notices of the package's logger, each told once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def each_once() -> Iterator[None]:
    """Inside the block, a notice that was told before is not told again: one model may be converted many times."""
    log, told = logging.getLogger("snnconv"), set[tuple[int, str]]()

    def is_new(record: logging.LogRecord) -> bool:
        notice = record.levelno, record.getMessage()
        new = notice not in told
        told.add(notice)
        return new

    log.addFilter(is_new)
    try:
        yield
    finally:
        log.removeFilter(is_new)
