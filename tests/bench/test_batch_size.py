"""A measurement does not depend on the batch size, of the calibration or of the test data."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from snnconv import METHODS, convert
from snnconv.bench import sweep

from ..networks import SHAPES, SmallCNN

COUNT = 48


def batches(size: int) -> list[tuple[Tensor, Tensor]]:
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(COUNT, *SHAPES[SmallCNN], generator=random), torch.arange(COUNT) % 3
    return list(zip(x.split(size), y.split(size)))


@pytest.mark.parametrize("method", list(METHODS))
def test_sweeps_give_the_same_rows(method: str) -> None:
    torch.manual_seed(0)
    model = SmallCNN().eval()
    found = []
    for size in (16, 48):
        snn = convert(model, 2, data=batches(size), method=method)
        found.append(sweep(snn, batches(size), [2]).rows)
    assert found[0] == found[1]
