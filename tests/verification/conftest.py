from __future__ import annotations

import pytest

from snnconv.verification import Verification, verify

from ..networks import SmallCNN


@pytest.fixture(scope="package")
def verified() -> Verification:
    """A small network with random weights, with everything as it is by default."""
    import torch

    torch.manual_seed(0)
    return verify(SmallCNN(), input_shape=(2, 6, 6))
