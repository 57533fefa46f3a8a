"""What can become an output: looked at before work that takes long, not after it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError

# what is neither a file nor to be replaced by one
OTHERS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
NO_PERMISSION = "no permission to write, or a file system that is read only"


def check_output(path: str | os.PathLike[str], overwrite: bool) -> Path:
    """The file that `path` means, if it can become an output: links are followed, and stay.

    Raises:
        InputError: it exists and `overwrite` is false, is something else than a file, a link to nothing, protected from
            writing, or its folder is missing or not writable.
    """
    target = Path(path)
    with named("cannot write the output", target):
        if target.is_symlink() and not target.exists():
            raise InputError(
                "the output is a link to nothing", got=f"a link to {os.readlink(target)}", where=str(target),
                remedy="remove the link, or name the file that it should lead to",
            )  # fmt: skip
        real = Path(os.path.realpath(target))
        found = kind_of(real)
        if found is not None and found != "a file":
            raise InputError(f"the output is {found}", expected="a file name", where=str(target))
        if found and not overwrite:
            raise InputError("the output exists", where=str(target), remedy="choose another name, or pass --overwrite")
        if not real.parent.is_dir():
            raise InputError("the folder of the output does not exist", where=str(real.parent), remedy="create it")
        if not os.access(real.parent, os.W_OK | os.X_OK) or (found and not os.access(real, os.W_OK)):
            raise InputError("cannot write the output", got=NO_PERMISSION, where=str(target))
        return real


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written.

    Raises:
        InputError: the path is something else, a link to nothing, or there is no permission.
    """
    with named("cannot write into the output folder", folder):
        if folder.is_symlink() and not folder.exists():
            got = f"a link to {os.readlink(folder)}"
            raise InputError("the output folder is a link to nothing", got=got, where=str(folder))
        found = kind_of(folder)
        if found not in (None, "a folder"):
            raise InputError(f"the output folder is {found}", where=str(folder))
        standing = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
        if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
            got = NO_PERMISSION if standing.is_dir() else f"{standing} is {kind_of(standing) or 'a link to nothing'}"
            raise InputError("cannot write into the output folder", got=got, where=str(folder))


def kind_of(path: Path) -> str | None:
    """What stands there, in words; None: nothing.

    Raises:
        OSError: that cannot be found out.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((words for is_kind, words in OTHERS if is_kind(mode)), "a file")


@contextmanager
def named(problem: str, path: Path) -> Iterator[None]:
    """What the system says of a path that it cannot look up: too long, in a circle, with a NUL in it."""
    try:
        yield
    except OSError as error:
        raise InputError(problem, got=reason_of(error), where=str(path)) from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(problem, got=f"a name that no file can have ({error})", where=repr(str(path))) from error


def reason_of(error: OSError) -> str:
    return error.strerror or type(error).__name__
