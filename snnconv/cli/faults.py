"""What the world does to a command, in one message and one exit code: faults of the system, and signals."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

import click

from ..errors import SnnconvError

LESS = "take fewer samples at once (--batch-size), or a smaller network"
# what is left of the system's faults → what is said of it
FAULTS: tuple[tuple[type[BaseException], Callable[[BaseException], str]], ...] = (
    (SnnconvError, str),
    (MemoryError, lambda error: told("there is not enough memory", str(error), remedy=LESS)),
    (RecursionError, lambda error: told("what was given is nested too deeply", str(error))),
    (UnicodeError, lambda error: told("a text is not in the encoding that it should be in", str(error))),
    (OSError, lambda error: of_system(error) if isinstance(error, OSError) else str(error)),
)
OUT_OF_MEMORY = ("can't allocate memory", "out of memory")  # torch says it with a RuntimeError
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
MANAGERS = {contextlib.__file__, tempfile.__file__}
STEPS = {"__enter__", "__exit__", "enter_context", "close"}
PAUSE, MOST_WAITS = 0.05, 100  # s; what takes longer to enter or leave is interrupted
PIPE = 128 + 13  # as a command that the signal of a closed pipe ends


class Ended(KeyboardInterrupt):
    """A signal that asks the process to end: whatever Ctrl-C cleans up and keeps is cleaned up and kept for it too."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def endings() -> Iterator[None]:
    """SIGTERM and SIGHUP end the command as Ctrl-C does, unless they were ignored from outside (nohup).

    All three get through also where they hit a callback of the garbage collector, of which torch has many. Python can
    only ignore an exception there, and says so to a hook: the signal is then sent again. While a context manager is
    entered or left they wait: an exception between two of its steps would leave temporaries and locks behind.
    """
    waited = [0]

    def end(number: int, frame: FrameType | None) -> None:
        if is_in_manager(frame) and waited[0] < MOST_WAITS:
            waited[0] += 1
            later(number)
        else:
            raise Ended(number)

    def again(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            later(getattr(lost.exc_value, "number", signal.SIGINT))  # raised in here it would be lost
        else:
            hook(lost)

    hook, sys.unraisablehook = sys.unraisablehook, again
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in ENDING if main}
    taken = [number for number, handler in before.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
        sys.unraisablehook = hook


def is_in_manager(frame: FrameType | None) -> bool:
    """Whether a context manager of the standard library is being entered or left."""
    while frame is not None:
        if frame.f_code.co_filename in MANAGERS and frame.f_code.co_name in STEPS:
            return True
        frame = frame.f_back
    return False


def later(number: int) -> None:
    timer = threading.Timer(PAUSE, _thread.interrupt_main, (number,))
    timer.daemon = True
    timer.start()


def outcome(error: BaseException) -> tuple[int, Callable[[], None]] | None:
    """The exit code of what ended a command, and what says it; None: it is a fault of this program."""
    if isinstance(error, BrokenPipeError):
        return PIPE, lambda: None  # who reads has seen enough, as `head`
    if isinstance(error, click.ClickException):
        return 2, error.show
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        number = getattr(error, "number", signal.SIGINT)
        words = "interrupted" if number == signal.SIGINT else f"interrupted by {signal.Signals(number).name}"
        return 128 + number, lambda: click.echo(words, err=True)
    if isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY):
        error = MemoryError(str(error).splitlines()[0][:200])
    for kind, words in FAULTS:
        if isinstance(error, kind):
            return 2, partial(click.echo, f"error: {words(error)}", err=True)
    return None


def of_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    where = "standard output, or a temporary file" if error.filename is None else os.fsdecode(error.filename)
    return told("the system refuses to read or to write", reason, where=where)


def told(problem: str, got: str, *, where: str = "", remedy: str = "") -> str:
    details = {"got": got, "where": where, "remedy": remedy}
    return "\n".join([problem, *(f"  {label}: {text}" for label, text in details.items() if text)])


def show_trace(error: BaseException) -> None:
    with suppress(OSError):
        traceback.print_exception(error)
