"""The operation `Pad`."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from ..graph import Layer, Node
from .padding import torch_order
from .shape import sizes
from .table import op

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


def pad_axes(x: Tensor, amounts: list[int], axes: list[int] | None, mode: str, value: float | None) -> Tensor:
    """Pads `amounts` (before each axis, then after each); dimensions with none, such as the batch, are left out."""
    before, after = [0] * x.dim(), [0] * x.dim()
    for place, axis in enumerate(axes if axes is not None else range(x.dim())):
        before[axis], after[axis] = amounts[place], amounts[place + len(amounts) // 2]
    first = next((i for i in range(x.dim()) if before[i] or after[i]), x.dim())
    if first == x.dim():
        return x
    if mode != "constant" and x.dim() > 2:
        first = 2  # PyTorch reflects and repeats all spatial dimensions or none
    pairs = torch_order([*before[first:], *after[first:]])
    return F.pad(x, pairs, mode, value) if mode == "constant" else F.pad(x, pairs, mode)
