"""How convolutions and pools say where they pad."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from ..graph import Node


def spatial(node: Node, attribute: str, dims: int, default: int = 1) -> tuple[int, ...]:
    """An attribute with a number for each spatial dimension."""
    return tuple(int(number) for number in node.attributes.get(attribute, [default] * dims))


def pads_of(node: Node, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Zeros before every dimension, then after every dimension.

    Raises:
        UnsupportedModelError: they depend on the size of the input (`auto_pad`), which the file does not tell.
    """
    dims, mode = len(kernel), node.attributes.get("auto_pad", "NOTSET")
    if mode in ("NOTSET", ""):
        return [int(pad) for pad in node.attributes.get("pads", [0] * 2 * dims)]
    if mode == "VALID":
        return [0] * 2 * dims
    spans = [(size - 1) * step + 1 for size, step in zip(kernel, dilation)]
    sizes = node.input_shape[2:] or [None] * dims
    if any(size is None and step > 1 for size, step in zip(sizes, stride)):
        raise node.unsupported(f"auto_pad {mode} with a stride depends on the size of the input, which is not told")
    # As many outputs as ⌈size / stride⌉.
    totals = [
        max(span - (step if size is None or size % step == 0 else size % step), 0)
        for span, step, size in zip(spans, stride, sizes)
    ]
    small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return small + large if mode == "SAME_UPPER" else large + small


def is_even(pads: Sequence[int]) -> bool:
    """Whether as much is padded before as after, which PyTorch's own layers can do."""
    return list(pads[: len(pads) // 2]) == list(pads[len(pads) // 2 :])


def torch_order(pads: Sequence[int]) -> list[int]:
    """(before…, after…), first dimension first, as `F.pad` has it: (before, after) pairs, last dimension first."""
    half = len(pads) // 2
    return [pad for pair in reversed(list(zip(pads[:half], pads[half:]))) for pad in pair]


class Padded(nn.Module):
    """A layer behind its own padding, where the two sides differ."""

    def __init__(self, layer: nn.Module, pads: Sequence[int], value: float = 0.0) -> None:
        super().__init__()
        self.layer = layer
        self.pads, self.value = torch_order(pads), value

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(F.pad(x, self.pads, value=self.value))


def padded(layer: Callable[..., nn.Module], pads: Sequence[int], value: float = 0.0) -> nn.Module:
    """The layer with `padding=` where it can, else behind a padding of its own."""
    if is_even(pads):
        return layer(padding=tuple(pads[: len(pads) // 2]))
    return Padded(layer(padding=0), pads, value)
