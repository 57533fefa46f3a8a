"""Which frames are chosen, by hand and by their properties."""

from __future__ import annotations

import numpy as np
import pytest

from snnconv.data.video.sampling import Sampling


def test_the_window_in_the_middle() -> None:
    assert Sampling(4, 2).centre(15) == [4, 6, 8, 10]
    assert Sampling(4, 1).centre(4) == [0, 1, 2, 3]
    assert Sampling(1, 4).centre(9) == [4]
    assert Sampling(4, 2).span == 7


def test_a_short_video_repeats_its_last_frame() -> None:
    assert Sampling(4, 2).centre(5) == [0, 2, 4, 4]
    assert Sampling(4, 2).views(5, 3) == [[0, 2, 4, 4]] * 3
    assert Sampling(3, 4).centre(1) == [0, 0, 0]
    assert Sampling(3, 4).random(1, np.random.default_rng(0)) == [0, 0, 0]


def test_uniform_takes_the_middle_of_every_part() -> None:
    assert Sampling(4, "uniform").centre(16) == [2, 6, 10, 14]
    assert Sampling(4, "uniform").centre(2) == [0, 0, 1, 1]
    assert Sampling(4, "uniform").span == 4


def test_views_reach_from_the_beginning_to_the_end() -> None:
    views = Sampling(3, 2).views(25, 5)
    assert [view[0] for view in views] == [0, 5, 10, 15, 20]
    assert views[-1][-1] == 24
    assert Sampling(3, 2).views(25, 1) == [Sampling(3, 2).centre(25)]
    uniform = Sampling(2, "uniform").views(20, 5)
    assert sorted(place for view in uniform for place in view) == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]


@pytest.mark.parametrize("stride", [1, 3, "uniform"])
@pytest.mark.parametrize("count", [1, 5, 16, 40, 1000])
def test_every_choice_lies_in_the_video_and_goes_forward(stride: int | str, count: int) -> None:
    sampling = Sampling(8, stride)  # type: ignore[arg-type]
    chosen = [*sampling.views(count, 4), sampling.centre(count)]
    chosen += [sampling.random(count, np.random.default_rng(seed)) for seed in range(20)]
    for places in chosen:
        assert len(places) == 8
        assert places == sorted(places)
        assert places[0] >= 0
        assert places[-1] < count


def test_random_windows_reach_both_ends() -> None:
    starts = {Sampling(4, 2).random(10, np.random.default_rng(seed))[0] for seed in range(60)}
    assert starts == {0, 1, 2, 3}
    first = {Sampling(2, "uniform").random(6, np.random.default_rng(seed))[0] for seed in range(60)}
    assert first == {0, 1, 2}
