"""Running a recipe: every cell that can be measured here is, and the others say why not."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..provenance import provenance
from .cells import Measured, Place, measure, reasons
from .chosen import one_group, with_steps
from .library import find_recipe
from .recipe import Figure, Recipe, Row
from .result import PaperRow, PaperRun
from .training import Trainer, with_training
from .workspace import Workspace

log = logging.getLogger("snnconv")


def run_recipe(
    recipe: str | Recipe,
    workspace: Workspace | None = None,
    *,
    T: Iterable[int] | None = None,
    group: str | None = None,
    trainer: Trainer | None = None,
) -> PaperRun:
    """Measure what a recipe asks for, as far as it can be done here.

    What cannot be measured says why; a row whose measurement fails says so, and the others go on.

    Args:
        recipe: its name, or a TOML file.
        workspace: data, weights, another network, where results go.
        T: time steps in place of the published ones.
        group: only this group of rows.
        trainer: train the networks that no weights were given for, each in the folder; None: do not.

    Raises:
        InputError: an unknown recipe or group, time steps for a recipe without, a folder with another recipe's results.
    """
    work = replace(workspace or Workspace(), known={})
    found_recipe = recipe if isinstance(recipe, Recipe) else find_recipe(recipe)
    chosen = with_steps(one_group(found_recipe, group, work), T)
    if work.folder is not None:
        require_own_folder(chosen, work.folder, work.overwrite)
    if trainer is not None:
        work = with_training(chosen, work, trainer)
    why = reasons(chosen, work)
    found = measure(chosen, [cell for cell, missing in why.items() if not missing], work)
    if found.failed:
        names = dict.fromkeys(chosen.rows[row].place for row, _ in found.failed)
        log.warning(f"{len(names)} of {len(chosen.rows)} rows failed: {', '.join(names)}")
    told = {place: [lack.text for lack in lacks] for place, lacks in why.items()}
    told |= {place: [text] for place, text in found.failed.items()}
    result = PaperRun(
        recipe=chosen.name,
        paper=chosen.paper,
        title=chosen.title,
        what=chosen.what,
        columns=[column.name for column in chosen.columns],
        steps=[column.T for column in chosen.columns],
        rows=[finished(chosen, number, row, told, found) for number, row in enumerate(chosen.rows)],
        note=chosen.note,
        other=work.other,
        picture=chosen.picture,
        samples=work.limit,
        provenance=provenance(work.seed),
    )
    if work.folder is not None:
        result.save(work.folder)
    return result


def finished(recipe: Recipe, number: int, row: Row, why: dict[Place, list[str]], found: Measured) -> PaperRow:
    places = [(number, position) for position in range(len(recipe.columns))]
    measured: list[Figure] = [found.values.get(place) for place in places]
    by_split = {
        split: [found.by_split.get(place, {}).get(split) for place in places]
        for split in row.splits
        if any(split in found.by_split.get(place, {}) for place in places)
    }
    own = {recipe.columns[column].name: missing for (each, column), missing in why.items() if each == number}
    if not own:
        told = ["nothing here measures it"]
    elif measured.count(None) == len(measured):
        told = [reason for missing in own.values() for reason in missing]
    else:
        told = [f"{name}: {', '.join(missing)}" for name, missing in own.items() if missing]
    text = "; ".join(dict.fromkeys(told))
    return PaperRow(row.group, row.name, list(row.published), measured, text, row.note, by_split)


def require_own_folder(recipe: Recipe, folder: Path, overwrite: bool) -> None:
    """A folder with results of another recipe is left alone."""
    if overwrite or not (folder / f"{PaperRun.NAME}.json").exists():
        return
    earlier = PaperRun.load(folder).recipe
    if earlier != recipe.name:
        raise InputError(
            "the folder holds the results of another recipe", expected=recipe.name, got=earlier, where=str(folder),
            remedy="choose another with -o, or pass --overwrite",
        )  # fmt: skip
