"""Every result names its picture: a function of the result and a path."""

from __future__ import annotations

import importlib
import inspect

import pytest

from snnconv.measure.result import Result

for name in ("snnconv.coverage", "snnconv.papers", "snnconv.reports.sections"):  # all results are known with these
    importlib.import_module(name)


def kinds(base: type[Result] = Result) -> list[type[Result]]:
    """The results of the package, those that share a picture included."""
    below = [kind for child in base.__subclasses__() for kind in (child, *kinds(child))]
    return [kind for kind in below if kind.__module__.startswith("snnconv.") and "NAME" in vars(kind)]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_the_picture_is_a_function_of_the_result(kind: type[Result]) -> None:
    module, _, name = kind.PICTURE.rpartition(".")
    assert module.startswith("snnconv.plots.")
    first, second = inspect.signature(getattr(importlib.import_module(module), name)).parameters.values()
    assert str(first.annotation) in {base.__name__ for base in kind.__mro__}
    assert str(second.annotation) == "Path"


def test_all_are_there() -> None:
    assert {kind.NAME for kind in kinds()} == {
        "sweep", "energy", "latency", "diagnose", "anytime", "robustness", "attention", "clip_attention", "train",
        "finetune", "verify", "tune", "bench", "coverage", "export",
    }  # fmt: skip
