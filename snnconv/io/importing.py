"""Imports what the user names on the command line, with errors that say what was looked for and where."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from types import ModuleType

from ..errors import InputError


def import_quietly(module: str) -> ModuleType:
    """Import a module; what it uses of torch that is deprecated is not the user's concern."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is deprecated", category=FutureWarning, module="torch")
        return importlib.import_module(module)


def required(package: str, doing: str, remedy: str) -> ModuleType:
    """An optional package: `doing` the package …

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_quietly(package)
    except ImportError as error:
        problem = f"{doing} the package {package}, which is not installed"
        raise InputError(problem, got=str(error), remedy=remedy) from error


def import_attribute(module: str, name: str, where: str) -> object:
    """Return `name` (dotted for a nested class) of `module`; the current folder is searched too, last.

    Only call this with names that the user typed: importing runs the module.

    Args:
        module: the module's dotted name.
        name: the attribute.
        where: what asked for it, for messages.

    Raises:
        InputError: there is no such module or attribute, or the module fails when imported.
    """
    # An installed command does not search the current folder, where the user's own models lie. Last, and for good:
    # last, so that a file there cannot shadow an installed package; for good, because models import lazily.
    folder = os.getcwd()
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)
    try:
        value: object = import_quietly(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"cannot import {error.name or module}",
            where=where,
            remedy="run from the folder that holds it, or install its package",
        ) from error
    except Exception as error:
        raise InputError(f"importing {module} failed", got=f"{type(error).__name__}: {error}", where=where) from error
    for part in name.split("."):
        if not hasattr(value, part):
            raise InputError(f"{module} has no {name}", where=where, remedy="check the spelling")
        value = getattr(value, part)
    return value
