"""Signals that come while something is cleaned up."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack
from types import FrameType
from typing import Any

import pytest

from snnconv.cli.faults import Ended, endings


def raised_inside(name: str, number: int) -> Any:
    """A tracer that sends a signal to this process between two steps of a context manager's own code, once."""
    sent: list[str] = []

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code is getattr(ExitStack, name).__code__:
            if event == "line" and not sent:
                sent.append(event)
                signal.raise_signal(number)
            return trace
        return None

    return trace


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", ["__exit__", "close", "enter_context"])
def test_a_signal_waits_until_all_is_cleaned_up(name: str, number: int) -> None:
    started = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background starts without it
    cleaned: list[int] = []

    def tidy() -> None:
        with ExitStack() as stack:
            for place in range(3):
                stack.callback(cleaned.append, place)
            if name == "enter_context":
                stack.enter_context(ExitStack())
            if name == "close":
                stack.close()

    def interrupted() -> None:
        before = sys.gettrace()
        sys.settrace(raised_inside(name, number))
        try:
            tidy()
        finally:
            sys.settrace(before)
        assert cleaned == [2, 1, 0]
        time.sleep(5)
        pytest.fail("the signal was lost")

    try:
        with endings(), pytest.raises(Ended) as ended:
            interrupted()
    finally:
        signal.signal(signal.SIGINT, started)
    assert ended.value.number == number
