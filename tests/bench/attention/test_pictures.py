"""Input tensors as pictures, to the pixel."""

from __future__ import annotations

import pytest
import torch

from snnconv.bench._attention.pictures import decode_picture, encode_picture
from snnconv.data import Normalization


def test_pictures_show_what_was_normalised() -> None:
    pixels = torch.randint(0, 256, (3, 4, 5))
    normalization = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    x = normalization((pixels / 255)[None])[0]
    assert (decode_picture(encode_picture(x, normalization)) == pixels.permute(1, 2, 0).numpy()).all()
    assert (decode_picture(encode_picture(pixels / 255, None)) == pixels.permute(1, 2, 0).numpy()).all()


def test_pictures_of_unknown_range_and_of_other_channels() -> None:
    x = torch.tensor([[[-2.0, 0.0], [1.0, 2.0]]])
    assert decode_picture(encode_picture(x, None))[..., 0].tolist() == [[0, 128], [191, 255]]
    two = torch.tensor([[[0.2]], [[0.6]]])
    assert decode_picture(encode_picture(two, None)).tolist() == [[[102, 102, 102]]]  # 0.4 · 255


@pytest.mark.parametrize("shape", [(3, 5, 4, 6), (5, 3, 4, 6)])
def test_clips_show_their_middle_frame(shape: tuple[int, ...]) -> None:
    clip = torch.zeros(shape)
    frames = clip if shape[1] == 3 else clip.transpose(0, 1)
    frames[2] = 1
    assert decode_picture(encode_picture(clip, None)).tolist() == [[[255] * 3] * 6] * 4


def test_large_pictures_are_stored_small() -> None:
    assert decode_picture(encode_picture(torch.rand(3, 300, 600), None)).shape == (128, 256, 3)
