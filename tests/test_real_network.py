"""A ResNet-20 that others trained, on real CIFAR-10: the ANN's accuracy is kept, and how much of it at few steps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import snnconv
from snnconv.bench import Sweep, sweep
from snnconv.data import Normalization, open_data
from snnconv.io import open_model

FOLDER = os.environ.get("SNNCONV_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SNNCONV_DATA does not point at the CIFAR-10 data and weights")
NORMALIZATION = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def curve(limit: int | None, **options: object) -> Sweep:
    folder = Path(str(FOLDER))
    weights = str(next(folder.glob("resnet20-*.th")))
    model = open_model(weights, arch="snnconv.models:cifar_resnet20").model
    train = open_data(f"npz:{folder / 'cifar10_train_0.npz'}", limit=512, normalization=NORMALIZATION)
    test = open_data(
        f"npz:{folder / 'cifar10_test_5000.npz'}", limit=limit, batch_size=100, normalization=NORMALIZATION
    )
    return sweep(snnconv.convert(model, data=train, **options), test, (4, 8))  # type: ignore[arg-type]


def test_per_channel_neurons_keep_the_accuracy_of_500_images() -> None:
    result = curve(500, alpha=0.2, beta=5, retract="zero", per_channel=True)
    at = {row.T: row.accuracy for row in result.rows}
    assert result.ann_accuracy == pytest.approx(91.0, abs=0.05)
    assert at[4] >= result.ann_accuracy - 2.0  # one image is 0.2 points
    assert at[8] >= result.ann_accuracy - 1.0


@pytest.mark.slow
def test_all_5000_images() -> None:
    result = curve(None, alpha=0.2, beta=5, retract="zero", per_channel=True)
    at = {row.T: row.accuracy for row in result.rows}
    assert result.ann_accuracy == pytest.approx(91.50, abs=0.05)
    assert at[4] >= result.ann_accuracy - 1.0
    assert at[8] >= result.ann_accuracy - 0.4


@pytest.mark.slow
def test_all_5000_images_as_published() -> None:
    result = curve(None, method="sdm", alpha=0.2, beta=5)
    assert {row.T: row.accuracy for row in result.rows}[4] >= result.ann_accuracy - 2.5
