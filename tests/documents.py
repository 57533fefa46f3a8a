"""The code that the documents and the examples teach, for tests over everything that is registered."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snnconv.calib import RULES
from snnconv.convert.corrections import PASSES
from snnconv.cost.dense import CONVENTIONS
from snnconv.data import DATA_SOURCES
from snnconv.graph.handlers import RAISERS
from snnconv.learnable import CLIPS
from snnconv.methods import METHODS
from snnconv.methods.corrections import CORRECTIONS
from snnconv.neurons import NEURONS, Neuron
from snnconv.training.augment import AUGMENTATIONS
from snnconv.training.optimizers import OPTIMIZERS

ROOT = Path(__file__).parents[1]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)


@contextmanager
def unregistered() -> Iterator[None]:
    """What is registered inside the block goes again."""
    registries = (
        NEURONS, METHODS, RULES, DATA_SOURCES, CORRECTIONS, CLIPS, AUGMENTATIONS, OPTIMIZERS, CONVENTIONS,
    )  # fmt: skip
    tables: list[dict[Any, Any]] = [*(registry._entries for registry in registries), PASSES, RAISERS]
    before = [dict(table) for table in tables]
    yield
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)


def documented_neurons() -> dict[str, type[Neuron]]:
    """{name: neuron} of CONTRIBUTING and the examples."""
    with unregistered():
        known = {*NEURONS}
        for code in blocks("CONTRIBUTING.md", "python"):
            if "@NEURONS.register" in code:
                names: dict[str, Any] = {"__package__": "snnconv.neurons", "__name__": "snnconv.neurons.taught"}
                exec(compile(code, "CONTRIBUTING.md", "exec"), names)
        for path in sorted((ROOT / "examples").glob("*.py")):
            if "@NEURONS.register" in path.read_text():
                runpy.run_path(str(path))
        return {name: NEURONS[name] for name in NEURONS if name not in known}
