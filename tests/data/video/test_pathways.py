"""Slow and fast pathways."""

from __future__ import annotations

from pathlib import Path

import torch

import snnconv
from snnconv.data import batch_inputs, batch_labels, open_data
from snnconv.data.pathways import slow_and_fast

from .videos import places_in, write_classes


def test_the_slow_one_has_every_alpha_th_frame() -> None:
    x = torch.arange(32.0)[None, None, :, None, None].expand(2, 3, 32, 4, 4)
    slow, fast = slow_and_fast(x, 4)
    assert fast is x
    assert slow[0, 0, :, 0, 0].tolist() == [0, 4, 8, 13, 17, 22, 26, 31]


def test_batches_of_two_inputs(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 2, "b": 1})
    normalization = snnconv.data.Normalization((0.5,), (0.25,))
    spec = f"clips:{tmp_path}?frames=8&stride=1&size=32&pathways=slowfast&alpha=2"
    data = open_data(spec, batch_size=2, normalization=normalization)
    assert data.shape == ((3, 4, 32, 32), (3, 8, 32, 32))
    batch = next(iter(data))
    slow, fast = batch_inputs(batch)
    assert (slow.shape, fast.shape) == ((2, 3, 4, 32, 32), (2, 3, 8, 32, 32))
    assert batch_labels(batch).tolist() == [0, 1]  # type: ignore[union-attr]
    assert places_in(fast[0] * 0.25 + 0.5) == list(range(8, 16))
    assert places_in(slow[0] * 0.25 + 0.5) == [8, 10, 12, 15]
    assert torch.equal(data.first[1], fast[0])
