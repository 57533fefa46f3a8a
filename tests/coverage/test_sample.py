"""A dozen small networks of all kinds, verified with the very weights, inputs and limits of a whole run.

The quick ones are always run: of ReLUs, of residuals, of grouped convolutions, of analog activations.
"""

from __future__ import annotations

import pytest

from snnconv.coverage.one import measured
from snnconv.coverage.zoo import SAMPLE

QUICK = {"alexnet", "mnasnet0_5", "mobilenet_v3_small"}
NAMES = [name if name.split(":")[1] in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SAMPLE]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_it_holds(name: str) -> None:
    if name.startswith("pytorchvideo:"):
        pytest.importorskip("pytorchvideo")
    found = measured(name, seed=0)
    assert found.failed is None
    assert found.missed == []
    assert found.converted == found.total > 0
    assert found.canonical_precision == "float64"
    assert found.limit == (0.02 if found.relu else 0.05)
    assert found.snn_error[32] < found.snn_error[8] < found.snn_error[1]
    assert found.seconds > 0
