"""A decoded frame as a picture: upright, its short edge resized."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..sizes import OWN


def resizing(edge: int, size: int) -> Callable[[Any], np.ndarray]:
    """From a frame of PyAV to uint8 [H, W, 3] in RGB, its shorter side `edge`, turned as the file says it is shown.

    A frame that is size × size already is left as it is, and with `OWN` for a size every frame. Colours follow the
    file's own matrix and range; values beyond 8 bits are rounded. Pixels are taken to be square.
    """

    def picture(frame: Any) -> np.ndarray:
        width, height = frame.width, frame.height
        if size != OWN and (width, height) != (size, size):
            short = min(width, height)
            width, height = (max(round(side * edge / short), edge) for side in (width, height))
        rgb = frame.reformat(width, height, format="rgb24", interpolation="BILINEAR", threads=1).to_ndarray()
        turns = round(frame.rotation / 90)  # anticlockwise
        return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb

    return picture
