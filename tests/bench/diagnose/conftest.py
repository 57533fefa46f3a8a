"""The bundled network, diagnosed on some of the bundled test images."""

from __future__ import annotations

import pytest

from snnconv import SpikingNetwork
from snnconv.bench import Diagnosis, diagnose
from snnconv.data import DataSource


@pytest.fixture(scope="session")
def diagnosis(snn: SpikingNetwork, images: DataSource) -> Diagnosis:
    return diagnose(snn, images)
