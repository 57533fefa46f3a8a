"""One self-contained HTML page of whatever was measured."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ._measure import measure as measure


def report(
    folder: str | PathLike[str],
    path: str | PathLike[str],
    *,
    title: str | None = None,
    figures: str | PathLike[str] | None = None,
    overwrite: bool = True,
) -> Path:
    """Render whatever results are in a folder, each `NAME.json`: train, finetune, verify, tune, sweep, anytime, energy,
    latency, robustness, export, diagnose, attention, clip_attention.

    Args:
        path: the page to write.
        title: of the page; None: the name of the model where it is known, else of the folder.
        figures: a folder that gets every figure of the page as .svg and .png too; made where it is missing.

    Raises:
        InputError: no results in the folder, or a file that is none.
    """
    from .page import write_page  # matplotlib and jinja2 take a second to import

    write_page(Path(folder), Path(path), title, None if figures is None else Path(figures), overwrite)
    return Path(path)
