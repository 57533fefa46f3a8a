"""Options of clips, and what is refused."""

from __future__ import annotations

import pytest

from snnconv.data.video.options import parse_clips
from snnconv.data.video.sampling import Sampling
from snnconv.data.video.views import Views
from snnconv.errors import InputError


def test_defaults() -> None:
    place, options = parse_clips("a/b:train1")
    assert place == "a/b:train1"
    assert (options.sampling, options.size, options.resize) == (Sampling(16, 4), 224, 256)
    assert (options.alpha, options.views) == (None, Views(1, 1))


def test_all_of_them() -> None:
    place, options = parse_clips("a?frames=32&stride=uniform&size=64&resize=80&pathways=slowfast&alpha=8&views=5x3")
    assert place == "a"
    assert (options.sampling, options.size, options.resize) == (Sampling(32, "uniform"), 64, 80)
    assert (options.alpha, options.views) == (8, Views(5, 3))
    assert parse_clips("a?pathways=slowfast")[1].alpha == 4


@pytest.mark.parametrize("option", [
    "frames=0", "frames=x", "stride=0", "stride=Uniform", "side=3", "size=", "pathways=fast", "alpha=-1", "channels=1",
])  # fmt: skip
def test_no_option(option: str) -> None:
    with pytest.raises(InputError, match=r"option .*of video clips(.|\n)*frames=16&stride=4"):
        parse_clips(f"a?{option}")


@pytest.mark.parametrize("options", ["size=64&resize=32", "alpha=4", "pathways=slowfast&frames=10&alpha=4"])
def test_options_that_do_not_go_together(options: str) -> None:
    with pytest.raises(InputError, match="do not go together"):
        parse_clips(f"a?{options}")


@pytest.mark.parametrize(
    "options",
    ["frames=100000", "frames=100000&size=32", "frames=100000&size=none", "size=20000", "frames=64&views=200x1"],
)
def test_clips_that_would_take_gigabytes(options: str) -> None:
    with pytest.raises(InputError, match=r"the clips are too large(.|\n)*frames × size²"):
        parse_clips(f"a?{options}")
    assert parse_clips("a?frames=64&size=256&views=10x3")[1].views.number == 30


def test_a_network_may_take_frames_that_follow_one_another() -> None:
    shapes = [(3, 16, 224, 224)]
    strides = [parse_clips(f"x{options}")[1].fitted(shapes, 1).sampling.stride for options in ("", "?stride=4")]
    assert strides == [1, 4]


def test_wrong_views() -> None:
    with pytest.raises(InputError, match="not a number of views"):
        parse_clips("a?views=5")


SLOWFAST = [(3, 4, 224, 224), (3, 32, 224, 224)]


@pytest.mark.parametrize(
    ("typed", "shapes", "expected"),
    [
        ("", SLOWFAST, (32, 2, 224, 256, 8)),
        ("", [(3, 8, 224, 224), (3, 32, 224, 224)], (32, 2, 224, 256, 4)),
        ("", [(3, 4, 112, 112)], (4, 16, 112, 128, None)),
        ("size=64", SLOWFAST, (32, 2, 64, 73, 8)),
        ("stride=uniform", SLOWFAST, (32, "uniform", 224, 256, 8)),
        ("frames=8&stride=2", SLOWFAST, (8, 2, 224, 256, 8)),
        ("pathways=slowfast&frames=32&alpha=4&stride=1", SLOWFAST, (32, 1, 224, 256, 4)),
        ("", [(3, 224, 224)], (16, 4, 224, 256, None)),
        ("", [(3, 4, 32, 40)], (16, 4, 224, 256, None)),
        ("", [*SLOWFAST, (3, 8, 224, 224)], (16, 4, 224, 256, None)),
    ],
)
def test_what_nobody_chose_is_fitted_to_the_network(
    typed: str, shapes: list[tuple[int, ...]], expected: tuple[object, ...]
) -> None:
    _, options = parse_clips(f"DIR?{typed}")
    fitted = options.fitted(shapes)
    sampling = fitted.sampling
    assert (sampling.frames, sampling.stride, fitted.size, fitted.resize, fitted.alpha) == expected
