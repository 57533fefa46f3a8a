"""Images, videos, features or words, and labels in NumPy arrays: what is accepted, and as tensors batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError

X_FORMS = (
    "uint8 [N, H, W], uint8 [N, H, W, C] with C ≤ 4, float [N, C, H, W], float [N, features] or [N, C, length], or "
    "whole numbers as words [N, …] (int64, int32, int16)"
)
MAX_CHANNELS = 4
LARGEST_LABEL = 2**31 - 1
ORDER = "NCTHW"  # of the dimensions of what comes out: samples, channels, frames, height, width
PLAIN = "plain"  # dimensions that are not images': [N, …], as they are
LAYOUTS = "each of N, H and W, and where they are there C (channels) and T (frames), in the order of x, as NTHW"


def checked_inputs(x: Any, where: str, layout: str | None = None, several: bool = False) -> np.ndarray:
    """x with its dimensions in the order [N, C, H, W] or [N, C, T, H, W], a view, or [N, …] where it holds features or
    words.

    Args:
        several: it is one of several inputs, which may be a number for each sample [N] or a mask.
    """
    layout = PLAIN if several and is_beside(x) else layout_of(x, where) if layout is None else layout
    check_layout(x, layout, where)
    if x.size == 0:
        raise InputError("there are no images", got=_describe("x", x), where=where)
    x = x if layout == PLAIN else in_order(x, layout)
    # sample by sample: a mask of the whole array could be gigabytes
    is_float = x.dtype.kind == "f"
    broken = next((i for i, image in enumerate(x) if not np.isfinite(image).all()), None) if is_float else None
    if broken is not None:
        raise InputError("an image holds NaN or infinity", got=f"image {broken} is the first", where=where)
    return x


def is_beside(x: Any) -> bool:
    """Whether it can only be an input beside another: a mask, or one number for each sample."""
    return x.dtype.kind == "b" or (x.ndim == 1 and x.dtype.kind in "if")


def checked_arrays(x: Any, y: Any, where: str, layout: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x with its dimensions in the order [N, C, H, W] or [N, C, T, H, W], a view, or [N, …] where it holds features or
    words; and y as int64 [N].

    Args:
        where: the file, for errors.
        layout: the dimensions of x, a letter each, such as "NTHW" for grey videos; None: one of `X_FORMS`, by type.

    Raises:
        InputError: a type or shape that is not one of `X_FORMS` or `layout`, no samples, NaN or infinity, or labels
            that are not one integer ≥ 0 per sample.
    """
    x = checked_inputs(x, where, layout)
    return x, checked_labels(y, len(x), where)


def checked_labels(y: Any, count: int, where: str) -> np.ndarray:
    """y as int64 [N], one class for each of `count` samples."""
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise InputError(
            "the labels are not integers in one row", expected="y integer [N]", got=_describe("y", y), where=where,
            remedy="convert, verify and diagnose need no labels: npz:FILE?y=none leaves them out",
        )  # fmt: skip
    if len(y) != count:
        raise InputError("x and y have different lengths", got=f"{count} images, {len(y)} labels", where=where)
    if int(y.min()) < 0:
        raise InputError(
            "a label is negative", expected="classes 0, 1, …", got=f"{int(y.min())} at {int(y.argmin())}", where=where
        )
    if int(y.max()) > LARGEST_LABEL:
        found = f"{int(y.max())} at {int(y.argmax())}"
        raise InputError("a label is not a class", expected=f"classes 0 to {LARGEST_LABEL}", got=found, where=where)
    return y.astype(np.int64)


def to_tensor(x: np.ndarray) -> Tensor:
    """Samples of checked arrays, contiguous: uint8 in 0…255 becomes float32 in 0…1, other whole numbers stay (int64),
    floats keep their values (float32), masks theirs."""
    if x.dtype.kind in "ib":
        return torch.tensor(x, dtype=torch.int64 if x.dtype.kind == "i" else torch.bool).contiguous()
    found = torch.tensor(x, dtype=torch.float32).contiguous()
    return found.div_(255) if x.dtype == np.uint8 else found


def layout_of(x: np.ndarray, where: str) -> str:
    """The layout that the type of images tells."""
    is_bytes, is_float = x.dtype == np.uint8, x.dtype.kind == "f"
    if (x.dtype.kind == "i" and x.ndim > 1) or (is_float and x.ndim in (2, 3)):
        return PLAIN
    if not (is_bytes and x.ndim in (3, 4)) and not (is_float and x.ndim == 4):
        raise InputError(
            "the images have an unknown form", expected=X_FORMS, got=_describe("x", x), where=where,
            remedy="of videos say the order of the dimensions: npz:FILE?layout=NTHWC" if x.ndim == 5
            else "words are saved as int64: x.astype(numpy.int64)" if x.dtype.kind == "u" else None,
        )  # fmt: skip
    if is_bytes and x.ndim == 4 and x.shape[3] > MAX_CHANNELS and x.size:
        raise InputError(
            "uint8 images have their channels last",
            expected=X_FORMS,
            got=_describe("x", x),
            where=where,
            remedy="x.transpose(0, 2, 3, 1)" if x.shape[1] <= MAX_CHANNELS else "of grey videos: npz:FILE?layout=NTHW",
        )
    if is_float and min(x.shape[1:3]) > MAX_CHANNELS and x.shape[3] in (1, 3):
        raise InputError(
            "float images have their channels first",
            expected=X_FORMS,
            got=_describe("x", x),
            where=where,
            remedy="x.transpose(0, 3, 1, 2)",
        )
    return "NCHW" if is_float else "NHWC" if x.ndim == 4 else "NHW"


def check_layout(x: np.ndarray, layout: str, where: str) -> None:
    if layout == PLAIN:
        return
    if len(set(layout)) != len(layout) or not set("NHW") <= set(layout) <= set(ORDER):
        raise InputError("not a layout", expected=LAYOUTS, got=repr(layout), where=where)
    if x.ndim != len(layout) or (x.dtype != np.uint8 and x.dtype.kind != "f"):
        raise InputError(
            "x does not have the layout it is said to have",
            expected=f"uint8 or float [{', '.join(layout)}]",
            got=_describe("x", x),
            where=where,
        )


def in_order(x: np.ndarray, layout: str) -> np.ndarray:
    """A view with the dimensions in the order [N, C, H, W], or [N, C, T, H, W] of videos."""
    wanted: Sequence[str] = [letter for letter in ORDER if letter in layout]
    ordered = x.transpose([layout.index(letter) for letter in wanted])
    return ordered if "C" in layout else ordered[:, None]


def _describe(name: str, array: np.ndarray) -> str:
    return f"{name} {array.dtype} {list(array.shape)}"
