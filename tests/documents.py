"""The code that the documents and the examples teach, for tests over everything that is registered."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snnconv.calib import RULES
from snnconv.data import DATA_SOURCES
from snnconv.methods import METHODS
from snnconv.neurons import NEURONS, Neuron

ROOT = Path(__file__).parents[1]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)


@contextmanager
def unregistered() -> Iterator[None]:
    """What is registered inside the block goes again."""
    registries = (NEURONS, METHODS, RULES, DATA_SOURCES)
    before = [dict(registry._entries) for registry in registries]
    yield
    for registry, entries in zip(registries, before, strict=True):
        registry._entries = entries  # type: ignore[assignment]


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
