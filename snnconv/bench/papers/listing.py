"""The recipes as a list: what each is, what it needs, and whether it can run here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .library import recipes
from .recipe import Recipe
from .run import reasons
from .workspace import OTHER_WORK, Workspace


@dataclass(frozen=True)
class Entry:
    """One recipe.

    Attributes:
        place: paper and table. here: "yes", "no: …", or "in part: …" with the most frequent reason.
    """

    name: str
    place: str
    what: str
    needs: list[str]
    here: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def listing(workspace: Workspace | None = None) -> list[Entry]:
    """All recipes, by name.

    Args:
        workspace: with the data and weights at hand.
    """
    work = workspace or Workspace()
    return [entry_of(recipe, work) for recipe in map(recipes().__getitem__, recipes())]


def entry_of(recipe: Recipe, work: Workspace) -> Entry:
    return Entry(recipe.name, recipe.place, recipe.what, list(recipe.needs), here(recipe, work))


def here(recipe: Recipe, work: Workspace) -> str:
    """What can be measured here, and the reason that is in the way of most of the others."""
    why = reasons(recipe, work).values()
    missing = [reason for found in why for reason in found if reason != OTHER_WORK] or [OTHER_WORK]
    able = sum(not found for found in why)
    if able == len(why):
        return "yes"
    first = max(missing, key=missing.count)  # of equally frequent ones the first
    return f"in part ({able} of {len(why)} figures): {first}" if able else f"no: {first}"
