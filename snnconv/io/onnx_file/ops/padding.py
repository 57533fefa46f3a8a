"""How convolutions and pools say where they pad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ..graph import Node


def spatial(node: Node, attribute: str, dims: int, default: int = 1) -> tuple[int, ...]:
    """An attribute with a number for each spatial dimension."""
    return tuple(int(number) for number in node.attributes.get(attribute, [default] * dims))


@dataclass(frozen=True)
class Same:
    """`auto_pad`: as much as gives ⌈size / stride⌉ outputs; the odd one at the end, or (not `upper`) at the start."""

    spans: tuple[int, ...]
    strides: tuple[int, ...]
    upper: bool

    def pads(self, sizes: Sequence[Any]) -> list[Any]:
        """Before every dimension, then after every dimension, for an input of these sizes."""
        totals = [
            max(span - (step if size % step == 0 else size % step), 0)
            for span, step, size in zip(self.spans, self.strides, sizes)
        ]
        small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
        return small + large if self.upper else large + small


def pads_of(node: Node, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int] | Same:
    """Zeros before every dimension, then after every dimension; `Same` where a size that is open decides."""
    dims, mode = len(kernel), node.attributes.get("auto_pad", "NOTSET")
    given = [int(pad) for pad in node.attributes.get("pads", [0] * 2 * dims)]
    if mode in ("NOTSET", ""):
        return given
    if any(given):
        raise node.unsupported(f"pads {given} beside auto_pad {mode}")
    if mode == "VALID":
        return [0] * 2 * dims
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise node.unsupported(f"auto_pad {mode}")
    spans = tuple((size - 1) * step + 1 for size, step in zip(kernel, dilation))
    same = Same(spans, tuple(stride), mode == "SAME_UPPER")
    sizes = [1 if step == 1 else size for step, size in zip(stride, node.input_shape[2:] or [None] * dims)]
    known = [size for size in sizes if size is not None]
    return same.pads(known) if len(known) == dims else same


def is_even(pads: Sequence[int]) -> bool:
    """Whether as much is padded before as after, which PyTorch's own layers can do."""
    return list(pads[: len(pads) // 2]) == list(pads[len(pads) // 2 :])


def torch_order(pads: Sequence[int]) -> list[int]:
    """(before…, after…), first dimension first, as `F.pad` has it: (before, after) pairs, last dimension first."""
    half = len(pads) // 2
    return [pad for pair in reversed(list(zip(pads[:half], pads[half:]))) for pad in pair]


class Padded(nn.Module):
    """A layer behind its own padding, where the two sides differ."""

    def __init__(self, layer: nn.Module, pads: Sequence[int] | Same, value: float = 0.0) -> None:
        super().__init__()
        self.layer = layer
        self.pads, self.value = pads, value

    def forward(self, x: Tensor) -> Tensor:
        pads = self.pads.pads(x.shape[2:]) if isinstance(self.pads, Same) else self.pads
        return self.layer(F.pad(x, torch_order(pads), value=self.value))


def padded(layer: Callable[..., nn.Module], pads: Sequence[int] | Same, value: float = 0.0) -> nn.Module:
    """The layer with `padding=` where it can, else behind a padding of its own."""
    if not isinstance(pads, Same) and is_even(pads):
        return layer(padding=tuple(pads[: len(pads) // 2]))
    return Padded(layer(padding=0), pads, value)
