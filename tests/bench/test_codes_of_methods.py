"""Heat-maps, which read spikes as rates, refuse networks whose spikes are none; the transfer function decodes them."""

from __future__ import annotations

import pytest
import torch

import snnconv
from snnconv import InputError
from snnconv.bench._attention import attention
from snnconv.neurons import NEURONS
from snnconv.neurons._response import mean_output

from ..networks import SHAPES, SmallCNN


@pytest.mark.parametrize("method", ["dcgs", "srp", "cos"])
def test_refused(method: str) -> None:
    x = torch.randn(4, *SHAPES[SmallCNN])
    snn = snnconv.convert(SmallCNN(), data=[x], method=method)
    with pytest.raises(InputError, match=rf"needs spikes[\s\S]*method {method}"):
        attention(snn, [x])


def test_transfer_function_of_differences() -> None:
    x = torch.linspace(0, 1, 21)
    assert torch.allclose(mean_output(NEURONS["differential"](1.0), x, 16), x, atol=0.002)
