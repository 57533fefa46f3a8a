"""From a folder of results to one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..errors import InputError
from ..files import atomic_output, write_text
from ..measure.result import Result
from .embed import content_hash, data_uri, written
from .parts import Figure, Section
from .record import record_of
from .sections import SECTIONS

HERE = Path(__file__).parent
TEMPLATE, STYLE, SCRIPT = "page.html.jinja", "page.css", "page.js"
UNFIT = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    StopIteration,
)  # of what no command writes


def write_page(folder: Path, path: Path, title: str | None, figures: Path | None, overwrite: bool) -> None:
    """Render the results in a folder; see `report`."""
    results, sections = read(folder)
    with atomic_output(path, overwrite=overwrite) as temporary:
        try:
            page = render(title or title_of(folder, results), folder, results, sections)
            if figures is not None:
                save_figures(sections, figures)
        except UNFIT as error:
            raise InputError(
                f"what is in {', '.join(f'{result.NAME}.json' for result in results)} cannot be shown",
                got=repr(error)[:200],
                where=str(folder),
                remedy="measure again",
            ) from error
        write_text(temporary, page)


def read(folder: Path) -> tuple[list[Any], list[Section]]:
    """The results in the folder and what is told of each, in the order of the page."""
    results, sections = [], []
    for kind, describe in SECTIONS:
        if (folder / f"{kind.NAME}.json").exists():
            results.append(kind.load(folder))
            try:
                sections.append(describe(results[-1]))
            except UNFIT as error:
                raise no_such_result(kind, folder, error) from error
    if not results:
        raise InputError(
            "there are no results in the folder",
            expected=" or ".join(f"{kind.NAME}.json" for kind, _ in SECTIONS),
            got="no such folder" if not folder.is_dir() else "none of them",
            where=str(folder),
            remedy="measure first, as snnconv sweep MODEL --data DATA -o " + str(folder),
        )
    return results, sections


def no_such_result(kind: type[Result], folder: Path, error: Exception) -> InputError:
    where = str(folder / f"{kind.NAME}.json")
    return InputError(f"these are not {kind.NAME} results", got=repr(error)[:200], where=where)


def render(title: str, folder: Path, results: Sequence[Any], sections: Sequence[Section]) -> str:
    """The page. Names of sites, files and settings come from anywhere: the template escapes everything."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["picture"] = picture_uri
    environment.filters["kept_together"] = kept_together
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in (STYLE, SCRIPT))
    return environment.get_template(TEMPLATE).render(
        title=title,
        sections=sections,
        tiles=[tile for section in sections for tile in section.tiles],
        headlines=[sentence for section in sections for sentence in section.headline],
        notices=list(dict.fromkeys(notice for section in sections for notice in section.notices)),
        downloads={result.NAME: downloads(folder, result) for result in results},
        record=record_of(results),
        version=versions_of(results),
        style=Markup(style),
        script=Markup(script),
        style_hash=content_hash(style),
        script_hash=content_hash(script),
    )


def title_of(folder: Path, results: Sequence[Any]) -> str:
    """The model's name without the folders before it, else the name of the results' folder."""
    return Path(next(filter(None, map(model_name, results)), str(folder.resolve()))).name


def model_name(result: Any) -> str | None:
    """Where the result tells it: a sweep, what was measured of a network as it is, a training."""
    own = getattr(result, "configuration", {})
    model = getattr(result, "model", None) or own.get("model") or own.get("network")
    return model.get("name") if isinstance(model, dict) else model


def kept_together(text: str) -> str:
    """No line ends within `T = 4`, `a = 0.5`, `P = 0.3` or `91.5 %`."""
    return re.sub(r" (?=%)|(?<=\b[TaP]) (?==)|(?<=\b[TaP] =) (?=\d)", "\u00a0", text)


def versions_of(results: Sequence[Any]) -> str:
    found = {str((result.provenance.get("versions") or {}).get("snnconv", "?")) for result in results}
    return ", ".join(sorted(found))


def picture_uri(figure: Figure) -> str:
    return written(f"{figure.name}.svg", figure.plot)


def downloads(folder: Path, result: Any) -> list[tuple[str, str]]:
    """The rows as .csv, everything as .json."""
    rows = written(f"{result.NAME}.csv", result.to_csv)
    return [(f"{result.NAME}.csv", rows), (f"{result.NAME}.json", data_uri(folder / f"{result.NAME}.json"))]


def save_figures(sections: Sequence[Section], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("cannot make the folder of the figures", got=error.strerror, where=str(folder)) from error
    for section in sections:
        for figure in section.figures:
            for suffix in (".svg", ".png"):
                figure.plot(folder / f"{figure.name}{suffix}")
