"""The one exception family users meet: each message says what was expected, what came, where, and the remedy."""

from __future__ import annotations


class SnnconvError(Exception):
    """Base of everything snnconv raises on purpose. The command line prints its text and exits with code 2.

    Args:
        problem: one sentence on what is wrong.
        expected: what would have been accepted.
        got: what came instead.
        where: the file, option, site or source line.
        remedy: what to do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        where: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem, self.expected, self.got, self.where, self.remedy = problem, expected, got, where, remedy
        details = {"expected": expected, "got": got, "where": where, "remedy": remedy}
        lines = [problem, *(f"  {label}: {text}" for label, text in details.items() if text)]
        super().__init__("\n".join(lines))


class InputError(SnnconvError, ValueError):
    """Something handed in cannot be used."""


class UnsafeFileError(InputError):
    """A file could run code when loaded, and the user did not say that this is wanted."""


class UnsupportedModelError(SnnconvError):
    """The network holds operations that have no spiking form; the message lists all of them with their places."""
