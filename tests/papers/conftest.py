"""Another network and data, on which recipes can run anywhere."""

from __future__ import annotations

import pytest

from snnconv.data import open_data
from snnconv.models import fashion_cnn
from snnconv.papers import Workspace


@pytest.fixture(scope="session")
def stand_in() -> Workspace:
    test, train = open_data("fashion:test", limit=40), open_data("fashion:train", limit=64)
    return Workspace(model=fashion_cnn(pretrained=True), about="fashion_cnn", data=test, calib=train, limit=40)
