"""Progress bars: on a terminal alone, with what is done and how long still, one below the other."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from snnconv import SpikingNetwork, convert
from snnconv.bench import sweep
from snnconv.data import open_data
from snnconv.models import fashion_cnn
from snnconv.progress import progress, quiet, track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Standard error as a terminal that remembers; set in the test itself, as pytest sets its own before it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "100")
        patch.setattr(sys, "stderr", Terminal())
        assert isinstance(sys.stderr, Terminal)
        yield sys.stderr


def test_a_bar_tells_what_how_far_and_how_long() -> None:
    with terminal() as screen:
        assert list(track(range(3), "counting")) == [0, 1, 2]
    for text in ("counting", "3/3", "0:00:00"):
        assert text in screen.getvalue()


def test_what_was_done_earlier_is_shown() -> None:
    with terminal() as screen, progress("sweeping", total=10, done=7) as bar:
        bar.describe("if (1 of 2)")
        bar.advance()
    assert "if (1 of 2)" in screen.getvalue()
    assert "8/10" in screen.getvalue()


def test_a_bar_inside_another() -> None:
    with terminal() as screen, progress("outer", total=2) as bar:
        assert list(track([1, 2], "inner")) == [1, 2]
        bar.advance()
    assert "outer" in screen.getvalue()
    assert "1/2" in screen.getvalue()


def test_no_bar_when_quiet_or_elsewhere() -> None:
    with terminal() as screen:
        with quiet():
            assert list(track([1], "counting")) == [1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(screen, "isatty", lambda: False)
            assert list(track([1], "counting")) == [1]
    assert screen.getvalue() == ""


def test_a_sweep_tells_which_setting_it_is_at() -> None:
    def make(method: str) -> SpikingNetwork:
        return convert(fashion_cnn(pretrained=True), method=method, data=open_data("fashion:train", limit=8))

    networks = {method: lambda method=method: make(method) for method in ("if", "auto")}
    with terminal() as screen:
        sweep(networks, open_data("fashion", batch_size=2, limit=4), [1])
    for text in ("if (1 of 2)", "auto (2 of 2)", "4/4"):
        assert text in screen.getvalue()
