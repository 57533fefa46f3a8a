"""Reads and writes exported programs (`.pt2`), the one model file that carries its own graph."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch
from torch.export import ExportedProgram

from ..errors import InputError, SnnconvError
from ..files.atomic import binary_output
from .pt2_words import restore_words, without_words

SHOW_META = "FX_GRAPH_SHOW_META"  # a debugging aid of torch.fx


def load_program(
    source: str | os.PathLike[str] | IO[bytes], *, trust: bool = False
) -> tuple[ExportedProgram, dict[str, str]]:
    """Load a program, from a path or an open binary file, and the texts saved beside it (`extra_files`), by name.

    Nothing in the file is run: what could run code is refused, unless `trust`. Ask the program for its module with
    `program.module(check_guards=False)`.

    Raises:
        UnsafeFileError: the file could run code when loaded.
        InputError: it is missing, cut short, damaged, or written by a torch that this one cannot read.
    """
    where = str(source) if isinstance(source, (str, os.PathLike)) else "the given bytes"
    if not isinstance(source, (str, os.PathLike)):
        program, texts = _load(source, trust, where)
    else:
        try:
            # One open file for check and load: a file put in its place in between is not seen.
            with Path(source).open("rb") as file:
                program, texts = _load(file, trust, where)
        except OSError as error:
            raise InputError("cannot read the file", got=error.strerror or str(error), where=where) from error
    restore_words(program, texts, where)
    return program, texts


def _load(file: IO[bytes], trust: bool, where: str) -> tuple[ExportedProgram, dict[str, str]]:
    # These import torch's compiler, which takes longer than all the rest; nobody who opens no program should wait.
    from torch.export.pt2_archive._package import load_pt2

    from ..capture.plain_names import plain_program
    from .pt2_check import check_program

    if not trust:
        if os.environ.get(SHOW_META) == "1":
            raise InputError(
                "torch would write what the file says of its operations into the code that it runs",
                got=f"{SHOW_META}=1 in the environment", where=where, remedy=f"unset {SHOW_META}",
            )  # fmt: skip
        check_program(file, where)
    try:
        if trust:
            extra = {"": ""}  # torch adds what it finds to this mapping, but only when it is not empty
            program = torch.export.load(file, extra_files=extra)
            del extra[""]
            return plain_program(program), extra
        # The inner loader: `torch.export.load` would answer an error by trying the old, unsafe layout on the same file,
        # and hide the error.
        with warnings.catch_warnings(), unlogged():
            # torch 2.9 puts tensors onto bytes that it read itself and nobody else holds, and warns about that.
            warnings.filterwarnings("ignore", message="The given buffer is not writable")
            contents = load_pt2(file)
        return plain_program(contents.exported_programs["model"]), contents.extra_files
    except SnnconvError:
        raise
    except Exception as error:
        lines = str(error).splitlines()
        raise InputError(
            "torch.export cannot load the program",
            got=f"{type(error).__name__}: {lines[0][:300] if lines else ''}",
            where=where,
            remedy=f"is it from a newer torch? This is {torch.__version__}; export it again with this one",
        ) from error


@contextmanager
def unlogged() -> Iterator[None]:
    """torch logs the traces of errors that it raises as well."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def save_program(
    program: ExportedProgram,
    path_or_buffer: str | os.PathLike[str] | IO[bytes],
    extra: dict[str, str],
    *,
    overwrite: bool = True,
) -> None:
    """Write `program` and the texts `extra` (name → text) to a path, whole or not at all, or to an open binary file.

    Guards on sizes stay out: they are code, and among them are assumptions of the exporter that its operations do not
    need; the texts say which sizes are taken.

    Raises:
        InputError: the path cannot be written, or exists and `overwrite` is False.
    """
    program._guards_code = []
    with without_words(program, extra) as texts:
        if isinstance(path_or_buffer, (str, os.PathLike)):
            # An open file, not a path: torch names the archive's top folder after the path, and ours is temporary.
            with binary_output(path_or_buffer, overwrite=overwrite) as file:
                torch.export.save(program, file, extra_files=texts)
        else:
            torch.export.save(program, path_or_buffer, extra_files=texts)
