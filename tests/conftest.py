"""One thread for the whole suite: these networks are so small that torch's threads would mostly wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from snnconv import SpikingNetwork, convert
from snnconv.bench import Sweep, sweep
from snnconv.data import DataSource, open_data
from snnconv.models import fashion_cnn

from .thinned import left_out

STEPS = (1, 2, 4)  # of the sweep of the bundled network


@pytest.hookimpl(tryfirst=True)  # before the marks are looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a quick run leaves out counts as slow."""
    names = {item: item.nodeid.removeprefix("tests/") for item in items}
    without = left_out(name for item, name in names.items() if "slow" not in item.keywords)
    for item, name in names.items():
        if name in without:
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def single_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are files of their kind with nothing on them: painting takes longer than what these tests look at."""
    paint = Figure.savefig

    def blank(_: Figure, path: Path, *, format: str, **__: Any) -> None:
        paint(Figure(figsize=(1, 1)), path, format=format)

    monkeypatch.setattr(Figure, "savefig", blank)


@pytest.fixture(scope="session")
def snn() -> SpikingNetwork:
    return convert(fashion_cnn(pretrained=True), data=open_data("fashion:train", limit=64), method="sdm-zero")


@pytest.fixture(scope="session")
def images() -> DataSource:
    return open_data("fashion:test", batch_size=60, limit=150)


@pytest.fixture(scope="session")
def swept(snn: SpikingNetwork, images: DataSource) -> Sweep:
    return sweep(snn, images, STEPS)
