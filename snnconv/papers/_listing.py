"""The recipes as a list: what each is, what it needs, and row by row whether it can run here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .cells import reasons
from .lack import Lack
from .library import find_recipe, recipes
from .recipe import Recipe
from .workspace import Workspace

RUNS, NOTHING = "runs here", "a figure of other work"
GIVEN = ("DATA", "WEIGHTS", "NETWORK", "METHOD")  # kinds of what can be given or installed


@dataclass(frozen=True)
class RowEntry:
    """One row.

    Attributes:
        state: "runs here", "needs DATA", "needs WEIGHTS", "needs DATA and WEIGHTS", "a figure of other work", or "in
            part; needs …" where some of its figures can be measured.
        why: what is missing, in words.
    """

    group: str
    row: str
    state: str
    why: str


@dataclass(frozen=True)
class Entry:
    """One recipe.

    Attributes:
        place: paper and table. here: "yes", "no: …", or "in part: …" with the most frequent reason.
        rows: each with its state.
    """

    name: str
    place: str
    what: str
    needs: list[str]
    here: str
    rows: list[RowEntry]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def states(self) -> dict[str, int]:
        """How many rows are in each state, in the order in which they come."""
        return dict(Counter(row.state for row in self.rows))


def listing(workspace: Workspace | None = None, names: Iterable[str] = ()) -> list[Entry]:
    """Recipes; all of them, by name, where none are named.

    Args:
        workspace: with the data and weights at hand.

    Raises:
        InputError: there is no recipe of such a name.
    """
    work = replace(workspace or Workspace(), known={})
    return [entry_of(find_recipe(name), work) for name in (list(names) or recipes())]


def entry_of(recipe: Recipe, work: Workspace) -> Entry:
    why = reasons(recipe, work)
    rows = []
    for number, row in enumerate(recipe.rows):
        cells = [lacks for (each, _), lacks in why.items() if each == number]
        text = "; ".join(dict.fromkeys(lack.text for lacks in cells for lack in lacks))
        rows.append(RowEntry(row.group, row.name, state_of(cells), text))
    return Entry(recipe.name, recipe.place, recipe.what, list(recipe.needs), here(list(why.values())), rows)


def state_of(cells: Sequence[Sequence[Lack]]) -> str:
    """Of a row, from what its cells lack; those for which nothing could be given do not count beside others."""
    able = sum(not lacks for lacks in cells)
    kinds = {lack.kind for lacks in cells for lack in lacks}
    needed = [kind for kind in GIVEN if kind in kinds]
    if not needed:
        return RUNS if able else NOTHING
    return ("in part; " if able else "") + "needs " + " and ".join(needed)


def here(cells: Sequence[Sequence[Lack]]) -> str:
    """What can be measured here, and the reason that is in the way of most of the others."""
    lacks = [lack for found in cells for lack in found]
    missing = [lack.text for lack in lacks if lack.kind != "FIGURE"] or [lack.text for lack in lacks]
    able = sum(not found for found in cells)
    if able == len(cells):
        return "yes"
    first = max(missing, key=missing.count)  # of equally frequent ones the first
    return f"in part ({able} of {len(cells)} figures): {first}" if able else f"no: {first}"
