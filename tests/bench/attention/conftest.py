"""The bundled network's heat-maps of a few bundled images."""

from __future__ import annotations

import pytest

from snnconv import SpikingNetwork
from snnconv.bench import Attention, attention
from snnconv.data import DataSource

STEPS = (1, 2, 4)
IMAGES = 3


@pytest.fixture(scope="session")
def seen(snn: SpikingNetwork, images: DataSource) -> Attention:
    return attention(snn, images, T=STEPS, images=IMAGES)
