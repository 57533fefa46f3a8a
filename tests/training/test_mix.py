"""mixup and CutMix: what is mixed with what, in which part, and from which draw."""

from __future__ import annotations

import pytest
import torch

from snnconv import InputError
from snnconv.training.mix import mixed_batch
from snnconv.training.settings import Settings

CLIPS = torch.rand(6, 2, 3, 32, 40, generator=torch.Generator().manual_seed(0))


def test_mixup_is_a_mean_with_the_batch_from_its_end() -> None:
    shares = []
    for batch in range(20):
        (x,), share = mixed_batch((CLIPS,), Settings(mixup=0.8), 0, batch)
        torch.testing.assert_close(x, share * CLIPS + (1 - share) * CLIPS.flip(0))
        shares.append(share)
    assert min(shares) < 0.3
    assert max(shares) > 0.7


def test_cutmix_pastes_a_rectangle_into_every_frame_and_counts_what_is_left() -> None:
    sizes = set()
    for batch in range(20):
        (x,), share = mixed_batch((CLIPS,), Settings(cutmix=1.0), 0, batch)
        pasted = (x != CLIPS).any(0).any(0).any(0)  # [H, W]
        rows, columns = pasted.any(1), pasted.any(0)
        assert torch.equal(pasted, rows[:, None] & columns[None])
        assert share == pytest.approx(1 - pasted.float().mean().item())
        assert torch.equal(x[..., pasted], CLIPS.flip(0)[..., pasted])
        assert torch.equal(x[..., ~pasted], CLIPS[..., ~pasted])
        sizes.add((int(rows.sum()), int(columns.sum())))
    assert len(sizes) > 10


def test_both_take_turns_by_seed_epoch_and_place_alone() -> None:
    both = Settings(mixup=0.8, cutmix=1.0)
    ways = set()
    for batch in range(10):
        (x,), share = mixed_batch((CLIPS,), both, 1, batch)
        assert torch.equal(mixed_batch((CLIPS,), both, 1, batch)[0][0], x)
        assert mixed_batch((CLIPS,), both, 2, batch)[1] != share
        assert mixed_batch((CLIPS,), Settings(mixup=0.8, cutmix=1.0, seed=1), 1, batch)[1] != share
        ways.add(bool((x == CLIPS).any()))
    assert ways == {True, False}
    assert mixed_batch((CLIPS,), Settings(), 1, 0) == ((CLIPS,), 1.0)


def test_what_cannot_be_mixed_is_one_error() -> None:
    with pytest.raises(InputError, match="mixup=0"):
        mixed_batch((torch.zeros(4, 8, dtype=torch.int64),), Settings(mixup=0.8), 0, 0)
    with pytest.raises(InputError, match="cutmix takes images"):
        mixed_batch((torch.zeros(4, 8),), Settings(cutmix=1.0), 0, 0)
