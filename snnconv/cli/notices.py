"""Notices and progress of a command go to standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..measure.distributed import idle
from ..notices import each_once
from ..progress import quiet as no_bars


@contextmanager
def telling(quiet: bool) -> Iterator[None]:
    """Notices on standard error, one line each and each once; none, and no progress bars, when quiet."""
    log = logging.getLogger("snnconv")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("note: %(message)s"))
    handler.setLevel(logging.ERROR if quiet else logging.INFO)
    log.addHandler(handler)
    propagate, log.propagate = log.propagate, False
    try:
        with no_bars(quiet), each_once():
            if others := idle():
                log.warning(
                    f"this command runs once, in the first of {others + 1} processes: there is nothing to share"
                )
            yield
    finally:
        log.removeHandler(handler)
        log.propagate = propagate
