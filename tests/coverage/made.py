"""Records made by hand."""

from __future__ import annotations

from dataclasses import replace

from snnconv.coverage import Coverage, Network
from snnconv.coverage.record import Analog

PLAIN = Network(
    model="torchvision:plain",
    shapes=[[3, 64, 64]],
    reduced=["input"],
    relu=True,
    activations={"ReLU": 7},
    converted=7,
    total=7,
    canonical_error=2e-7,
    canonical_precision="float64",
    snn_error={1: 0.2, 8: 0.04, 32: 0.004},
    slope=-1.02,
    limit=0.02,
    seconds=12.3,
    peak_memory=2**30,
)
GATED = replace(
    PLAIN,
    model="pytorchvideo:gated",
    shapes=[[3, 4, 64, 64], [3, 16, 64, 64]],
    reduced=["input", "3 of 17 blocks in blocks.2"],
    relu=False,
    activations={"silu": 5, "ReLU": 2},
    analog=[Analog("layer_norm", 3, 1_500_000, 0), Analog("softmax", 2, 0, 2)],
    limit=0.05,
)
FAR = replace(PLAIN, model="torchvision:far", snn_error={8: 0.05, 32: 0.03}, missed=["limit: 3 % at T = 32"])
FAILED = Network("torchvision:failed", [[3, 64, 64]], [], failed="out of memory | it said")
PROVENANCE = {
    "versions": {"python": "3.11", "torch": "2.9"},
    "hardware": {"processor": "some processor", "threads": 2},
    "settings": {"method": "sdm", "alpha": 1 / 15},
    "samples": 4,
    "jobs": 2,
    "seed": 0,
    "made": "2026-01-01T00:00:00+00:00",
}


def made(*networks: Network) -> Coverage:
    return Coverage(list(networks), 32, PROVENANCE)
