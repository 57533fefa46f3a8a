"""Methods and their recipes: every published method has one, and every setting that a recipe names can be converted."""

from __future__ import annotations

import tomllib

import pytest
import torch

from snnconv import METHODS, convert
from snnconv.papers import recipes, rows_of_method
from snnconv.papers.library import FOLDER

from ..networks import SHAPES, SmallCNN

SETTINGS = {
    (row.method, tuple(row.settings.items())): dict(row.settings)
    for recipe in map(recipes().__getitem__, recipes())
    for row in recipe.rows
    if row.method
}


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].year is not None])
def test_every_published_method_has_a_recipe(name: str) -> None:
    assert rows_of_method(name)


def test_methods_of_our_own_have_none() -> None:
    assert {name for name in METHODS if not rows_of_method(name)} == {"auto", "mt-signed", "sdm-zero"}


@pytest.mark.parametrize(("key", "settings"), SETTINGS.items(), ids=lambda key: str(key))
def test_every_setting_of_a_recipe_converts(key: tuple[str, object], settings: dict[str, object]) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, *SHAPES[SmallCNN])
    snn = convert(SmallCNN().eval(), 2, data=[x], method=key[0], **settings)  # type: ignore[arg-type]
    assert {name: snn.plan.settings[name] for name in settings} == settings
    assert snn(x).isfinite().all()


def test_rows_are_those_of_the_files() -> None:
    """Counted in the files themselves, where a row or its group names the method."""
    named: dict[str, int] = {}
    for path in FOLDER.glob("*.toml"):
        for group in tomllib.loads(path.read_text())["groups"]:
            for row in group["rows"]:
                method = row.get("method", group.get("method"))
                named[method] = named.get(method, 0) + 1
    assert {name: len(rows_of_method(name)) for name in METHODS if name in named} == {
        name: count for name, count in named.items() if name is not None
    }


def test_a_row_says_where_it_is_and_what_was_published() -> None:
    small, large = rows_of_method("cos")
    assert (small.recipe, small.place, small.group) == ("cos", "Hao et al., accuracy", "cifar100/vgg16")
    assert (small.settings, large.settings) == ({"rho": 4}, {"rho": 8})
    assert large.figures == {"ANN": 74.22, "T=2": 72.66, "T=8": 74.17}
    drawn = next(row for row in rows_of_method("if") if row.recipe == "sdm-fig4")
    assert (drawn.place, drawn.figures) == ("You et al., Fig. 4", {})
