"""A trained ResNet-20 on real CIFAR-10 images: the counted spike operations equal an enumeration, exactly."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

import snnconv
from snnconv.cost.synops import SynapticOperations
from snnconv.data import Normalization, batch_inputs, open_data
from snnconv.io import open_model

from ...networks import SpikeRecorder
from ...reference_neurons import signed_digits
from .networks import resnet20

FOLDER = os.environ.get("SNNCONV_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SNNCONV_DATA does not point at the CIFAR-10 data and weights")
NORMALIZATION = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize("method", ["sdm", "sdm-zero", "auto"])
def test_20_images(method: str) -> None:
    folder = Path(str(FOLDER))
    weights = str(next(folder.glob("resnet20-*.th")))
    model = open_model(weights, arch="snnconv.models:cifar_resnet20").model
    train = open_data(f"npz:{folder / 'cifar10_train_0.npz'}", limit=128, normalization=NORMALIZATION)
    test = open_data(f"npz:{folder / 'cifar10_test_5000.npz'}", limit=20, batch_size=20, normalization=NORMALIZATION)
    (images,) = batch_inputs(next(iter(test)))
    snn = snnconv.convert(model, data=train, method=method)
    recorder, ops = SpikeRecorder(), SynapticOperations(snn)
    with ops:
        snn.run(images, 4, observers=[recorder])
    cost = np.array([signed_digits(k) if method == "auto" else k for k in range(257)], dtype=float)
    expected = resnet20({site: cost[np.abs(spikes.int().numpy())] for site, spikes in recorder.spikes.items()})
    assert len(images) == 20
    assert {pair: steps.tolist() for pair, steps in ops.counts.operations.items()} == {
        pair: steps.tolist() for pair, steps in expected.items()
    }
    assert all(torch.all(steps > 0) for steps in ops.counts.operations.values())
