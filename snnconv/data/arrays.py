"""Images and labels in NumPy arrays: what is accepted, and as tensors batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError

X_FORMS = "uint8 [N, H, W], uint8 [N, H, W, C] with C ≤ 4, or float [N, C, H, W]"
MAX_CHANNELS = 4


def checked_arrays(x: Any, y: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """x as it came and y as int64 [N].

    Args:
        where: the file, for errors.

    Raises:
        InputError: a type or shape that is not one of `X_FORMS`, no samples, NaN or infinity, or labels that are not
            one integer ≥ 0 per image.
    """
    _check_images(x, where)
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise InputError(
            "the labels are not integers in one row", expected="y integer [N]", got=_describe("y", y), where=where
        )
    if len(y) != len(x):
        raise InputError("x and y have different lengths", got=f"{len(x)} images, {len(y)} labels", where=where)
    if int(y.min()) < 0:
        raise InputError(
            "a label is negative", expected="classes 0, 1, …", got=f"{int(y.min())} at {int(y.argmin())}", where=where
        )
    return x, y.astype(np.int64)


def to_tensor(x: np.ndarray) -> Tensor:
    """Checked images → float32 [N, C, H, W]: uint8 in 0…255 becomes 0…1, floats keep their values."""
    if x.dtype != np.uint8:
        return torch.tensor(x, dtype=torch.float32)
    images = torch.tensor(x[..., None] if x.ndim == 3 else x)
    return images.permute(0, 3, 1, 2).float().div_(255).contiguous()


def _check_images(x: np.ndarray, where: str) -> None:
    is_bytes, is_float = x.dtype == np.uint8, x.dtype.kind == "f"
    if not (is_bytes and x.ndim in (3, 4)) and not (is_float and x.ndim == 4):
        raise InputError("the images have an unknown form", expected=X_FORMS, got=_describe("x", x), where=where)
    if x.size == 0:
        raise InputError("there are no images", got=_describe("x", x), where=where)
    if is_bytes and x.ndim == 4 and x.shape[3] > MAX_CHANNELS:
        raise InputError(
            "uint8 images have their channels last",
            expected=X_FORMS,
            got=_describe("x", x),
            where=where,
            remedy="x.transpose(0, 2, 3, 1)" if x.shape[1] <= MAX_CHANNELS else None,
        )
    if is_float and min(x.shape[1:3]) > MAX_CHANNELS and x.shape[3] in (1, 3):
        raise InputError(
            "float images have their channels first",
            expected=X_FORMS,
            got=_describe("x", x),
            where=where,
            remedy="x.transpose(0, 3, 1, 2)",
        )
    # image by image: a mask of the whole array could be gigabytes
    broken = next((i for i, image in enumerate(x) if not np.isfinite(image).all()), None) if is_float else None
    if broken is not None:
        raise InputError("an image holds NaN or infinity", got=f"image {broken} is the first", where=where)


def _describe(name: str, array: np.ndarray) -> str:
    return f"{name} {array.dtype} {list(array.shape)}"
