"""Batches: each sample once an epoch, the same ones from the middle, shares that make up the whole."""

from __future__ import annotations

import pytest
import torch

from snnconv import InputError
from snnconv.measure.distributed import Group
from snnconv.training.augment import AUGMENTATIONS, augmented
from snnconv.training.feed import feed_of, share
from snnconv.training.schedules import SCHEDULES

from .toys import source

IMAGES = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0)) + 0.5


def test_an_epoch_has_every_sample_once() -> None:
    data = source(40)
    feed = feed_of(data, 8, (), 0, Group())
    whole = torch.cat([data.batch(number)[0] for number in range(data.batches)])
    orders = []
    for epoch in range(2):
        x = torch.cat([inputs[0] for inputs, _ in feed.epoch(epoch)])
        places = [int((whole == image).flatten(1).all(1).nonzero()) for image in x]
        assert sorted(places) == list(range(40))
        orders.append(places)
    assert orders[0] != orders[1]
    assert orders[0] != list(range(40))


def test_labels_stay_with_their_images() -> None:
    for inputs, labels in feed_of(source(40), 8, (), 0, Group()).epoch(0):
        quadrants = inputs[0].unflatten(2, (2, 4)).unflatten(4, (2, 4)).mean((1, 3, 5)).flatten(1)
        assert torch.equal(quadrants.argmax(1), labels)


def test_an_incomplete_batch_is_left_out_unless_it_is_all_there_is() -> None:
    assert feed_of(source(43), 8, (), 0, Group()).batches == 5
    (only,) = feed_of(source(5), 8, (), 0, Group()).epoch(0)
    assert len(only[1]) == 5


def test_from_the_middle() -> None:
    feed = feed_of(source(40), 8, None, 3, Group())
    whole = list(feed.epoch(1))
    torch.manual_seed(9)
    for (one,), (other,) in zip([inputs for inputs, _ in whole[3:]], [inputs for inputs, _ in feed.epoch(1, 3)]):
        assert torch.equal(one, other)


def test_shares_make_up_the_batch() -> None:
    """Augmented alike, whoever does it."""
    alone = list(feed_of(source(40), 8, None, 0, Group()).epoch(0))
    shares = [list(feed_of(source(40), 8, None, 0, Group(rank, 2)).epoch(0)) for rank in range(2)]
    for number, (inputs, labels) in enumerate(alone):
        for rank in range(2):
            own, theirs = shares[rank][number]
            assert torch.equal(own[0], inputs[0][rank::2])
            assert torch.equal(theirs, labels[rank::2])
    assert list(share(range(7), Group(1, 3))) == [1, 4]
    with pytest.raises(InputError, match="too small to share"):
        share(range(2), Group(0, 3))


# augmentation


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_by_sample_alone(name: str) -> None:
    """The change of a sample follows from seed, epoch and place, not from its neighbours or the generator's state."""
    whole = augmented(IMAGES, (name,), 0, 0, range(6))
    torch.manual_seed(4)
    assert torch.equal(augmented(IMAGES[3:5], (name,), 0, 0, (3, 4)), whole[3:5])
    assert not torch.equal(augmented(IMAGES, (name,), 0, 1, range(6)), whole)
    assert not torch.equal(augmented(IMAGES, (name,), 1, 0, range(6)), whole)


def test_it_leaves_the_generator_alone() -> None:
    before = torch.get_rng_state()
    augmented(IMAGES, ("crop", "flip", "cutout"), 0, 0, range(6))
    assert torch.equal(torch.get_rng_state(), before)


def test_flip() -> None:
    same = [torch.equal(a, b) for a, b in zip(augmented(IMAGES, ("flip",), 0, 0, range(6)), IMAGES)]
    mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(augmented(IMAGES, ("flip",), 0, 0, range(6)), IMAGES)]
    assert all(one != other for one, other in zip(same, mirrored))
    assert any(same)
    assert any(mirrored)


def test_crop_is_a_window_of_the_padded_image() -> None:
    for image, cropped in zip(IMAGES, augmented(IMAGES, ("crop",), 0, 0, range(6))):
        padded = torch.nn.functional.pad(image, (4, 4, 4, 4))
        windows = [padded[:, top : top + 32, left : left + 32] for top in range(9) for left in range(9)]
        assert any(torch.equal(window, cropped) for window in windows)


def test_cutout_is_a_square_of_zeros() -> None:
    for image in augmented(IMAGES, ("cutout",), 0, 0, range(6)):
        gone = (image == 0).all(0)
        assert int(gone.sum()) == 16 * 16
        assert gone.any(0).sum() == gone.any(1).sum() == 16


def test_clips_of_video_move_as_one() -> None:
    video = IMAGES[:, :, None].expand(-1, -1, 4, -1, -1)
    moved = augmented(video, ("crop", "flip"), 0, 0, range(6))
    assert all(torch.equal(moved[:, :, 0], moved[:, :, frame]) for frame in range(4))


def test_randaugment_changes_a_clip_as_one_in_half_of_the_cases() -> None:
    """Two operations, each in half of the cases: a quarter of the clips stays as it is."""
    generator = torch.Generator().manual_seed(0)
    video = torch.rand(40, 3, 1, 12, 16, generator=generator).expand(-1, -1, 4, -1, -1)
    moved = augmented(video, ("randaugment",), 0, 0, range(40))
    assert all(torch.equal(moved[:, :, 0], moved[:, :, frame]) for frame in range(4))
    same = sum(torch.equal(a, b) for a, b in zip(moved, video))
    assert 4 <= same <= 20
    assert 0 <= moved.min() <= moved.max() <= 1
    with pytest.raises(InputError, match="1 or 3 channels"):
        augmented(torch.rand(1, 2, 8, 8), ("randaugment",), 0, 0, (0,))


def test_erasing_puts_noise_into_one_rectangle_of_every_frame_of_a_quarter() -> None:
    video = torch.zeros(80, 2, 4, 32, 40)
    erased = 0
    for clip in augmented(video, ("erase",), 0, 0, range(80)):
        gone = clip != 0
        area = gone[0, 0].float().mean()
        if area:
            erased += 1
            assert bool((gone == gone[0, 0]).all())
            assert torch.equal(gone[0, 0], gone[0, 0].any(1)[:, None] & gone[0, 0].any(0)[None])
            assert 0.01 < area < 0.35
            assert not torch.equal(clip[0, 0], clip[0, 1])
    assert 10 <= erased <= 30


def test_shift_repeats_the_edges_of_space_and_time() -> None:
    video = torch.rand(6, 2, 28, 32, 40, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(video, (2, 2, 2, 2, 2, 2), mode="replicate")
    found = set()
    for clip, wide, moved in zip(video, padded, augmented(video, ("shift",), 0, 0, range(6))):
        places = [(t, top, left) for t in range(5) for top in range(5) for left in range(5)]
        (place,) = [p for p in places if torch.equal(wide[:, p[0] :, p[1] :, p[2] :][:, :28, :32, :40], moved)]
        found.add(place)
        assert moved.shape == clip.shape
    assert len({t for t, _, _ in found}) > 1
    assert len({left for _, _, left in found}) > 1


# schedules


@pytest.mark.parametrize(
    ("name", "epochs", "expected"),
    [
        ("cosine", 10, {0: 1.0, 5: 0.5, 10: 0.0}),
        ("step", 60, {0: 1.0, 19.9: 1.0, 20: 0.1, 45: 0.01}),
        ("constant", 10, {0: 1.0, 10: 1.0}),
    ],
)
def test_schedules(name: str, epochs: int, expected: dict[float, float]) -> None:
    for done, factor in expected.items():
        assert SCHEDULES[name](done, epochs) == pytest.approx(factor, abs=1e-12)
