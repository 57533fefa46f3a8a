"""The bundled Fashion-MNIST sample: sizes, disjointness, balance, and that it is the real thing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from snnconv.data import FASHION_NORMALIZATION, Normalization, open_data
from snnconv.data.fashion import BUNDLED
from snnconv.errors import InputError


def test_parts() -> None:
    test, train = open_data("fashion:test"), open_data("fashion:train")
    assert (len(test), len(train)) == (1000, 256)
    assert test.shape == train.shape == (1, 28, 28)
    assert test.classes == train.classes == 10
    assert test.normalization == FASHION_NORMALIZATION
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(test, open_data("fashion")))
    with pytest.raises(InputError, match="fashion:test or fashion:train"):
        open_data("fashion:validation")


def test_normalisation_by_default_or_as_asked() -> None:
    raw, _ = next(iter(open_data("fashion", normalization=Normalization((0.0,), (1.0,)))))
    assert (raw.min(), raw.max()) == (0, 1)
    normalised, _ = next(iter(open_data("fashion")))
    torch.testing.assert_close(normalised, (raw - 0.2860) / 0.3530)


def test_no_image_is_in_both_parts() -> None:
    with np.load(BUNDLED, allow_pickle=False) as file:
        arrays = {key: file[key] for key in file}
    assert not {*arrays["index_test"].tolist()} & {*arrays["index_train"].tolist()}
    images = {part: {image.tobytes() for image in arrays[f"x_{part}"]} for part in ("test", "train")}
    assert (len(images["test"]), len(images["train"])) == (1000, 256)
    assert not images["test"] & images["train"]
    assert {*np.bincount(arrays["y_train"]).tolist()} == {25, 26}
    assert arrays["index_test"].tolist() == list(range(1000))


def test_the_recorded_positions_are_those_of_the_source() -> None:
    if "SNNCONV_DATA" not in os.environ:
        pytest.skip("SNNCONV_DATA names no folder with fashion_mnist_test.npz")
    with np.load(Path(os.environ["SNNCONV_DATA"]) / "fashion_mnist_test.npz") as source, np.load(BUNDLED) as bundled:
        for part in ("test", "train"):
            assert np.array_equal(source["x"][bundled[f"index_{part}"]], bundled[f"x_{part}"])
            assert np.array_equal(source["y"][bundled[f"index_{part}"]], bundled[f"y_{part}"])
