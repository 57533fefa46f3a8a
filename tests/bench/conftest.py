"""The bundled network converted once, and its sweep over a part of the bundled test images."""

from __future__ import annotations

import pytest

from snnconv import SpikingNetwork, convert
from snnconv.bench import Sweep, sweep
from snnconv.data import DataSource, open_data
from snnconv.models import fashion_cnn

STEPS = (1, 2, 4)


@pytest.fixture(scope="session")
def snn() -> SpikingNetwork:
    return convert(fashion_cnn(pretrained=True), data=open_data("fashion:train", limit=64), method="sdm-zero")


@pytest.fixture(scope="session")
def images() -> DataSource:
    return open_data("fashion:test", batch_size=60, limit=150)


@pytest.fixture(scope="session")
def swept(snn: SpikingNetwork, images: DataSource) -> Sweep:
    return sweep(snn, images, STEPS)
