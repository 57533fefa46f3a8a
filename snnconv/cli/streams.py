"""Standard output and error as they are found: closed, full, or of an encoding that lacks our letters."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

FALLBACK = "snnconv"
# for consoles that have no such letters; what is missing here is spelled as \u2026
PLAIN = {
    "≤": "<=", "≥": ">=", "≈": "~", "≠": "!=", "→": "->", "·": "*", "×": "x", "−": "-", "–": "-", "—": "-",
    "…": "...", "½": "1/2", "√": "sqrt", "Σ": "sum", "∑": "sum", "∞": "inf", "±": "+-", "✓": "+", "✗": "x", "²": "^2",
    "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta",
    "ε": "epsilon", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "φ": "phi", "Δ": "Delta", "Θ": "Theta", "∈": "in", "∂": "d", "‖": "||", "∘": "o", "ä": "ae", "ö": "oe",
    "ü": "ue", "ß": "ss", "\u00a0": " ", "‘": "'", "’": "'", "“": '"', "”": '"', "←": "<-", "↑": "^", "↓": "v",
}  # fmt: skip


def plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for letters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    spelled = (PLAIN.get(letter) or letter.encode("ascii", "backslashreplace").decode() for letter in letters)
    return "".join(spelled), error.end


codecs.register_error(FALLBACK, plainly)


@contextmanager
def usable() -> Iterator[None]:
    """Inside the block both streams are there and take every letter; `flush` says what could not be written."""
    before = sys.stdout, sys.stderr
    errors = [getattr(stream, "errors", None) for stream in before]
    sys.stdout, sys.stderr = sys.stdout or closed(1, os.O_RDONLY), sys.stderr or closed(2, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        set_errors(stream, FALLBACK)
    try:
        yield
    finally:
        for stream, kind in zip(before, errors):
            set_errors(stream, kind)
        sys.stdout, sys.stderr = before


def set_errors(stream: TextIO | None, kind: str | None) -> None:
    if isinstance(stream, io.TextIOWrapper) and kind is not None:
        with suppress(OSError):  # it is flushed first
            stream.reconfigure(errors=kind)


def closed(number: int, flags: int) -> TextIO:
    """In place of a stream that the caller closed, so that no file that is opened later gets its number.

    Args:
        flags: of /dev/null: open for reading it takes nothing, and says so, as a closed stream does.
    """
    with suppress(OSError):
        os.fstat(number)
        number = -1  # the number is somebody's already
    if number < 0:
        return io.TextIOWrapper(io.BytesIO())
    handle = os.open(os.devnull, flags)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)
    return open(number, "w", encoding="utf-8", closefd=False)


def flush() -> None:
    """Raises: OSError: standard output takes nothing more."""
    sys.stdout.flush()


def give_up() -> None:
    """What takes nothing more gets nothing more: Python would try once more at its end, and complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def is_utf8() -> bool:
    """Whether standard output is UTF-8, or nothing that has an encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name == "utf-8"
