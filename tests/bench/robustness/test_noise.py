"""The two kinds of noise: their size, what they do to which values, and that they follow from seed and place."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from snnconv.bench._robustness.noise import NOISES, check_levels, clipped
from snnconv.errors import InputError

IMAGES = torch.rand(3, 3, 60, 50, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.2
VIDEOS = torch.rand(2, 3, 4, 40, 50, generator=torch.Generator().manual_seed(1)) * torch.tensor(
    [0.1, 0.3, 0.6, 1.0]
).view(1, 1, 4, 1, 1)


def noisy(kind: str, samples: Tensor, level: float, start: int = 0, seed: int = 0, which: int = 0) -> Tensor:
    noise = NOISES[kind]
    return noise.add(samples, noise.fields(samples, start, seed, which), level)


@pytest.mark.parametrize("kind", list(NOISES))
def test_noise_follows_from_seed_and_place(kind: str) -> None:
    whole = noisy(kind, IMAGES, 0.3, start=5)
    assert torch.equal(whole, noisy(kind, IMAGES, 0.3, start=5))
    for place in range(3):  # one by one, as in batches of 1
        assert torch.equal(noisy(kind, IMAGES[place : place + 1], 0.3, start=5 + place), whole[place : place + 1])
    same = IMAGES[:1].expand(3, -1, -1, -1)
    assert not torch.equal(noisy(kind, same, 0.3)[0], noisy(kind, same, 0.3)[1])
    for other in ({"seed": 1}, {"start": 6}, {"which": 1}):
        assert not torch.equal(noisy(kind, IMAGES, 0.3, **other), noisy(kind, IMAGES, 0.3))


@pytest.mark.parametrize("samples", [IMAGES, VIDEOS], ids=["images", "videos"])
@pytest.mark.parametrize("a", [0.1, 1.0])
def test_gaussian_noise_has_the_deviation_of_its_frame(samples: Tensor, a: float) -> None:
    added = noisy("gaussian", samples, a) - samples
    frames = samples.movedim(2, 1).flatten(2) if samples.dim() == 5 else samples.flatten(1)
    of_frames = added.movedim(2, 1).flatten(2) if samples.dim() == 5 else added.flatten(1)
    torch.testing.assert_close(of_frames.std(-1), a * frames.std(-1), rtol=0.03, atol=0)
    assert of_frames.mean(-1).abs().max() < 0.05 * a * frames.std(-1).max()


def test_more_gaussian_noise_is_the_same_noise() -> None:
    torch.testing.assert_close(
        noisy("gaussian", IMAGES, 1.0) - IMAGES, 4 * (noisy("gaussian", IMAGES, 0.25) - IMAGES), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("samples", [IMAGES, VIDEOS], ids=["images", "videos"])
@pytest.mark.parametrize("P", [0.1, 0.3, 1.0])
def test_salt_and_pepper(samples: Tensor, P: float) -> None:
    """The extremes are those of the frame, over its channels, be it as dark as the first of the video."""
    found = noisy("salt-pepper", samples, P)
    frame = (1, 3, 4) if samples.dim() == 5 else (1, 2, 3)
    salt, pepper = ((found == extreme(samples, frame, keepdim=True)).all(1) for extreme in (torch.amax, torch.amin))
    untouched = (found == samples).all(1)
    assert bool((salt | pepper | untouched).all())  # the channels of a pixel share its fate
    for share in (salt, pepper):
        assert share.float().mean().item() == pytest.approx(P / 2, abs=0.015)


def test_more_salt_and_pepper_adds_pixels() -> None:
    less, more = noisy("salt-pepper", IMAGES, 0.1), noisy("salt-pepper", IMAGES, 0.3)
    changed = less != IMAGES
    assert torch.equal(more[changed], less[changed])
    assert int((more != IMAGES).sum()) > 2 * int(changed.sum())


def test_frames_of_one_value_have_no_salt_and_no_pepper() -> None:
    frames = torch.stack([torch.full((1, 8, 8), 0.5), torch.rand(1, 8, 8)], 1)[None]
    found = noisy("salt-pepper", frames, 1.0)
    assert bool((found[0, :, 0] == 0.5).all())
    assert found[0, :, 1].unique().tolist() == [frames[0, :, 1].min(), frames[0, :, 1].max()]


def test_clipping() -> None:
    strong = noisy("gaussian", IMAGES, 5.0)
    assert strong.min() < 0
    assert strong.max() > 1
    within = clipped(strong, IMAGES)
    assert (within.min(), within.max()) == (0, 1)
    inside = (strong >= 0) & (strong <= 1)
    assert torch.equal(within[inside], strong[inside])


def test_samples_that_are_no_pictures() -> None:
    vectors = torch.rand(4, 300)
    assert noisy("gaussian", vectors, 0.5).shape == vectors.shape
    changed = noisy("salt-pepper", vectors, 0.5) != vectors
    assert 0.4 < changed.float().mean() < 0.6


@pytest.mark.parametrize(
    ("kind", "levels", "problem"),
    [
        ("gaussian", (0.0,), "out of range"),
        ("gaussian", (0.1, -1.0), "out of range"),
        ("gaussian", (float("nan"),), "out of range"),
        ("gaussian", (float("inf"),), "out of range"),
        ("gaussian", (0.1, 0.5, 0.1), "comes twice"),
        ("salt-pepper", (1.1,), "out of range(.|\n)*at most 1"),
    ],
)
def test_levels_out_of_range(kind: str, levels: tuple[float, ...], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        check_levels(kind, levels)


def test_levels_come_in_order() -> None:
    assert check_levels("gaussian", (2, 0.1)) == (0.1, 2)
    assert check_levels("salt-pepper", ()) == ()
