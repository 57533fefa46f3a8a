"""The operation `Pad`."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..graph import Layer, Node
from .padding import torch_order
from .shape import sizes
from .table import normal_axis, op

PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@op("Pad")
def pad(node: Node) -> Layer:
    """Amounts as an attribute, a constant, or computed from sizes; from operator set 18 for chosen axes only."""
    mode = PAD_MODES.get(node.attributes.get("mode", "constant"))
    is_computed = node.has(1) and not node.is_constant(1)
    amounts = None if is_computed else node.integers(1, "pads")
    if mode is None or (amounts is None and not is_computed):
        raise node.unsupported("how much and in which way is not told")
    value = node.scalar(2, "value", 0.0)
    axes = node.constant(3, "axes").reshape(-1).tolist() if node.has(3) else None
    settings: dict[str, Any] = {"axes": axes, "mode": mode, "value": value}
    if amounts is None:
        return Layer(lambda x, given: pad_axes(x, sizes(given), **settings), (0, 1))
    return Layer(partial(pad_axes, amounts=amounts, **settings))


def pad_axes(x: Tensor, amounts: list[Any], axes: list[int] | None, mode: str, value: float | None) -> Tensor:
    """Pads `amounts` (before each axis, then after each); negative ones cut off. Dimensions without are left alone."""
    before, after = [0] * x.dim(), [0] * x.dim()
    places = [normal_axis(axis, x.dim()) for axis in (axes if axes is not None else range(x.dim()))]
    if len(amounts) != 2 * len(places) or len(set(places)) != len(places):
        raise ValueError(f"{len(amounts)} amounts of padding for {len(places)} dimensions")
    for place, axis in enumerate(places):
        before[axis], after[axis] = amounts[place], amounts[place + len(places)]
    if any(isinstance(amount, int) and amount for amount in (before[0], after[0])):
        raise ValueError("samples would be added to the batch, or taken from it")
    touched = [axis for axis in range(x.dim()) if is_any(before[axis]) or is_any(after[axis])]
    if not touched:
        return x
    if mode == "constant":
        return F.pad(x, torch_order([*before[touched[0] :], *after[touched[0] :]]), mode, value)
    cuts = [axis for axis in touched if is_negative(before[axis]) or is_negative(after[axis])]
    if not cuts and touched[0] >= 2 and x.dim() <= 5:  # PyTorch pads all spatial dimensions, and no other
        return F.pad(x, torch_order([*before[2:], *after[2:]]), mode)
    for axis in cuts:
        x = x.narrow(axis, max(-before[axis], 0), x.shape[axis] - max(-before[axis], 0) - max(-after[axis], 0))
    for axis in touched:
        x = pad_axis(x, axis, max(before[axis], 0), max(after[axis], 0), mode)
    return x


def pad_axis(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    """One dimension, of any place: what is repeated is cut out and joined to the ends."""
    size = x.shape[axis]
    most = size - 1 if mode == "reflect" else size
    if mode != "replicate" and max(before, after) > most:
        raise ValueError(f"{mode} padding by {max(before, after)} of a dimension of size {size}")
    if mode == "replicate":
        front, back = (x.narrow(axis, place, 1) for place in (0, size - 1))
        parts = [front] * before + [x] + [back] * after
    elif mode == "reflect":
        parts = [x.narrow(axis, 1, before).flip(axis), x, x.narrow(axis, size - 1 - after, after).flip(axis)]
    else:
        parts = [x.narrow(axis, size - before, before), x, x.narrow(axis, 0, after)]
    return torch.cat([part for part in parts if part.shape[axis]], axis)


def is_any(amount: Any) -> bool:
    """Not asked of symbolic sizes: the answer would be kept as an assumption."""
    return not isinstance(amount, int) or amount != 0


def is_negative(amount: Any) -> bool:
    return isinstance(amount, int) and amount < 0
