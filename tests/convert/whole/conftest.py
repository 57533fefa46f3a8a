"""Small networks run on the kernels here too."""

from __future__ import annotations

import pytest

from snnconv.neurons.kernels import dispatch


@pytest.fixture(autouse=True)
def however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "SMALL", 1)
