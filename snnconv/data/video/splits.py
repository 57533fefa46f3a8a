"""Official lists of training and test files: the three splits of UCF-101 and HMDB-51."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError

# part → its kind and the number of the split; papers that name no split mean the first, or the mean of all three
PARTS = {
    "train": ("train", 1),
    "test": ("test", 1),
    **{f"{kind}{number}": (kind, number) for kind in ("train", "test") for number in (1, 2, 3)},
}


def lines_of(path: Path) -> list[str]:
    """The lines that are not empty.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "the official list of a split cannot be read",
            got=f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            remedy="it comes with the data set, in an archive of its own",
        ) from error


def numbered(line: str, path: Path) -> tuple[int, str]:
    """`1 NAME` or `NAME 1` → (1, "NAME").

    Raises:
        InputError: it is neither.
    """
    words = line.split()
    if len(words) == 2:
        number, name = words if words[0].isdecimal() else reversed(words)
        if number.isdecimal():
            return int(number), name
    raise InputError("a line of an official list has another form", expected="a name and a number", got=line,
                     where=str(path))  # fmt: skip
