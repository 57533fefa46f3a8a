"""Views by name, and where their crops lie."""

from __future__ import annotations

import numpy as np
import pytest

from snnconv.data.video.views import Views, crops, parse_views, random_crop
from snnconv.errors import InputError

WIDE = np.broadcast_to(np.arange(20)[None, None, :, None], (2, 8, 20, 3))


def test_names() -> None:
    assert parse_views("5x3") == parse_views("5×3") == Views(5, 3)
    assert (parse_views("10x3").number, str(parse_views("10x3"))) == (30, "10x3")


@pytest.mark.parametrize("text", ["", "5", "0x3", "5x0", "5x", "x3", "axb", "5x3x2", "-1x3", "1.5x2", "1000x1"])
def test_no_views(text: str) -> None:
    with pytest.raises(InputError, match=r"not a number of views(.|\n)*such as 5x3"):
        parse_views(text)


def test_three_crops_along_the_longer_side() -> None:
    left, centre, right = crops(WIDE, 8, 3)
    assert [crop[0, 0, 0, 0] for crop in (left, centre, right)] == [0, 6, 12]
    assert all(crop.shape == (2, 8, 8, 3) for crop in (left, centre, right))
    upper, _, lower = crops(WIDE.transpose(0, 2, 1, 3), 8, 3)
    assert (upper[0, 0, 0, 0], lower[0, 0, 0, 0]) == (0, 12)


def test_one_crop_is_the_centre() -> None:
    (crop,) = crops(WIDE, 4, 1)
    assert crop.shape == (2, 4, 4, 3)
    assert crop[0, 0, :, 0].tolist() == [8, 9, 10, 11]


def test_random_crops_lie_inside() -> None:
    found = [random_crop(WIDE, 8, np.random.default_rng(seed)) for seed in range(100)]
    assert all(crop.shape == (2, 8, 8, 3) for crop in found)
    assert {int(crop[0, 0, 0, 0]) for crop in found} == set(range(13))
