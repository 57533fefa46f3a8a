"""The registries: names are taken once, misses teach, and every entry has its own file."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from snnconv import METHODS, InputError
from snnconv.calib import RULES
from snnconv.cost.dense import CONVENTIONS
from snnconv.cost.energy import ENERGY_MODELS
from snnconv.io.key_names import KEY_NAMES
from snnconv.learnable import CLIPS
from snnconv.neurons import NEURONS
from snnconv.papers import recipes
from snnconv.papers.data_sets import DATA_SETS, NORMALIZATIONS
from snnconv.papers.measures import MEASURES
from snnconv.registry import Registry
from snnconv.training import RECIPES
from snnconv.training.augment import AUGMENTATIONS
from snnconv.training.optimizers import OPTIMIZERS
from snnconv.training.schedules import SCHEDULES

REGISTRIES: list[Registry[Any]] = [
    METHODS, NEURONS, RULES, CLIPS, OPTIMIZERS, SCHEDULES, AUGMENTATIONS, ENERGY_MODELS, CONVENTIONS, MEASURES,
    DATA_SETS, NORMALIZATIONS, recipes(), KEY_NAMES, RECIPES,
]  # fmt: skip
each = pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)


@each
def test_a_miss_lists_the_known_names_and_the_nearest(registry: Registry[Any]) -> None:
    name = next(iter(registry))
    with pytest.raises(InputError) as caught:
        registry[name + "x"]
    text = str(caught.value)
    assert f"unknown {registry.kind} '{name}x'" in text
    assert f"did you mean '{name}'?" in text
    assert all(known in text for known in registry)


@each
def test_a_name_far_from_all_gets_no_guess(registry: Registry[Any]) -> None:
    with pytest.raises(InputError) as caught:
        registry["qqqqqqqq"]
    assert "did you mean" not in str(caught.value)


@each
def test_names_are_taken_once(registry: Registry[Any]) -> None:
    name = next(iter(registry))
    with pytest.raises(ValueError, match="registered already"):
        registry.register(name)(object())
    assert name in registry
    assert len(registry) == len(list(registry))


@pytest.mark.parametrize("registry", [NEURONS, RULES, CLIPS], ids=lambda registry: registry.kind)
def test_one_file_each(registry: Registry[Any]) -> None:
    files = [inspect.getfile(registry[name]) for name in registry]
    assert len(set(files)) == len(files)


def test_errors_name_expected_got_where_and_remedy() -> None:
    error = InputError("no good", expected="this", got="that", where="there", remedy="do so")
    assert str(error) == "no good\n  expected: this\n  got: that\n  where: there\n  remedy: do so"
    assert isinstance(error, ValueError)
    assert str(InputError("no good", got="that")) == "no good\n  got: that"
