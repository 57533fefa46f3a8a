"""The recipes that come with the package, each a TOML file beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..registry import Registry
from .recipe import Recipe, read_recipe

FOLDER = Path(__file__).parent


@cache
def recipes() -> Registry[Recipe]:
    """All of them by name."""
    registry: Registry[Recipe] = Registry("recipe")
    for path in sorted(FOLDER.glob("*.toml")):
        registry.register(path.stem)(read_recipe(path))
    return registry


def find_recipe(name: str) -> Recipe:
    """The recipe of that name, or in that TOML file.

    Raises:
        InputError: there is none; the nearest name is suggested.
    """
    path = Path(name)
    return read_recipe(path) if path.suffix == ".toml" and path.exists() else recipes()[name]
