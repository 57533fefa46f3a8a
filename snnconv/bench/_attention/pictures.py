"""Input tensors as small pictures, in text."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ...data import Normalization

LARGEST = 256  # pixels a side: more than is seen in a grid


def encode_picture(x: Tensor, normalization: Normalization | None) -> str:
    """One sample [C, H, W], [C, D, H, W] or [D, C, H, W] → a PNG in base64; of D frames the middle one.

    Three channels are colours, any other number is shown as its mean. Where the normalisation is not known and x leaves
    0…1, its own smallest and largest value become black and white.
    """
    frame = x.detach().float().cpu()
    if frame.dim() == 4:
        frames_first = frame.shape[1] in (1, 3) and frame.shape[0] not in (1, 3)
        clip = frame if frames_first else frame.transpose(0, 1)
        frame = clip[len(clip) // 2]
    if normalization is not None and len(normalization.mean) in (1, len(frame)):
        frame = frame * frame.new_tensor(normalization.std).view(-1, 1, 1)
        frame = frame + frame.new_tensor(normalization.mean).view(-1, 1, 1)
    elif frame.min() < 0 or frame.max() > 1:
        frame = (frame - frame.min()) / (frame.max() - frame.min()).clamp(min=1e-12)
    shown = frame if len(frame) == 3 else frame.mean(0, keepdim=True).expand(3, -1, -1)
    pixels = (shown.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    picture = Image.fromarray(pixels)
    picture.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def decode_picture(text: str) -> NDArray[np.uint8]:
    """A PNG in base64 → [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))
