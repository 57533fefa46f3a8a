"""Normalisation: the textbook formula, its round trips, and values that cannot be meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from snnconv.data import Normalization
from snnconv.errors import InputError

IMAGENET = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5), (2, 3, 4, 5), (2, 3, 4, 5, 6)])
def test_channel_by_channel(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape, dtype=torch.float64)
    y = IMAGENET(x)
    assert y.dtype == x.dtype
    for channel, (mean, std) in enumerate(zip(IMAGENET.mean, IMAGENET.std)):
        torch.testing.assert_close(y[:, channel], (x[:, channel] - mean) / std)


def test_one_value_counts_for_every_channel() -> None:
    x = torch.rand(2, 4, 3)
    torch.testing.assert_close(Normalization((0.5,), (0.25,))(x), (x - 0.5) * 4)
    assert Normalization((0.5,), (0.1, 0.2)) == Normalization((0.5, 0.5), (0.1, 0.2))
    assert Normalization((0.1, 0.2), (0.5,)) == Normalization((0.1, 0.2), (0.5, 0.5))


def test_round_trips() -> None:
    assert Normalization.parse("0.485, 0.456,0.406", "0.229,0.224,0.225") == IMAGENET
    assert Normalization.from_dict(json.loads(json.dumps(IMAGENET.to_dict()))) == IMAGENET
    assert len({IMAGENET, Normalization.from_dict(IMAGENET.to_dict())}) == 1


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((0.5,), (0.0,), "a std is not above 0"),
        ((0.5,), (-1.0,), "a std is not above 0"),
        ((0.5, 0.5), (1.0, 1.0, 1.0), "different lengths"),
        ((), (1.0,), "the mean is not a sequence of numbers"),
        ((0.5,), (), "the std is not a sequence of numbers"),
        ((float("nan"),), (1.0,), "the mean is not a sequence of numbers"),
        ((0.5,), (float("inf"),), "the std is not a sequence of numbers"),
        ((0.5,), ("a",), "the std is not a sequence of numbers"),
        (0.5, (1.0,), "the mean is not a sequence of numbers"),
        ((123.675, 116.28, 103.53), (58.4, 57.1, 57.4), "divide mean and std by 255"),
    ],
)
def test_values_that_cannot_be_meant(mean: Any, std: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Normalization(mean, std)


@pytest.mark.parametrize(("mean", "std"), [("", "1"), ("0.5,", "1"), ("0.5", "a"), ("0.5;0.5", "1")])
def test_text_that_is_no_list_of_numbers(mean: str, std: str) -> None:
    with pytest.raises(InputError, match="is not a list of numbers"):
        Normalization.parse(mean, std)


def test_a_dict_of_something_else() -> None:
    with pytest.raises(InputError, match="the keys mean and std"):
        Normalization.from_dict({"mean": [0.5]})


@pytest.mark.parametrize("shape", [(2, 1, 4, 4), (2, 4), (3,)])
def test_other_numbers_of_channels(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="does not fit the number of channels"):
        IMAGENET(torch.rand(shape))
