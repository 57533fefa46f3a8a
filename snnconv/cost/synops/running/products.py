"""The operations that multiply, as they are dispatched: their dense size, and what spikes cause in them.

A spike of a factor adds one row of the other factor, whatever that is: fixed weights, or values computed from the same
clip, as kᵀv behind the spikes of q. Where both factors are spikes, as k and v, an accumulation takes place where both
fire. Only where neither is there anything to multiply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor

from ..layers import convolved
from ..parts import Operation


@dataclass(frozen=True)
class Product:
    """One call.

    Attributes:
        factors: what is multiplied. macs: were it dense.
        events: Σ spikes × fan-out, for which of the factors are spikes; exact, as whole numbers in float64.
        bias: outputs that a bias is added to.
        spiking: the factors that can be spikes.
    """

    operation: Operation
    factors: tuple[Tensor, ...]
    macs: int
    events: Callable[[Sequence[bool]], Tensor]
    bias: int = 0
    spiking: tuple[int, ...] = (0, 1)


GEOMETRY = ("stride", "padding", "dilation", "transposed", "output_padding", "groups")


def convolution(arguments: Sequence[Any], output: Tensor) -> Product:
    x, weight, bias, *settings = arguments[:9]
    values: dict[str, Any] = dict(zip(GEOMETRY, settings, strict=True))
    transposed = bool(values["transposed"])
    positions = x.numel() if transposed else output.numel()

    def events(spikes: Sequence[bool]) -> Tensor:
        return convolved(x.double(), weight.shape, values, transposed)

    biased = 0 if bias is None else output.numel()
    return Product("conv", (x, weight), positions * prod(weight.shape[1:]), events, biased, (0,))


def matrices(a: Tensor, b: Tensor, output: Tensor, bias: int = 0) -> Product:
    """[…, n, k] · […, k, m]."""

    def events(spikes: Sequence[bool]) -> Tensor:
        if all(spikes):
            return (a.sum(-2, dtype=a.double().dtype) * b.double().sum(-1)).sum()
        return a.double().sum() * b.shape[-1] if spikes[0] else b.double().sum() * a.shape[-2]

    return Product("product", (a, b), output.numel() * a.shape[-1], events, bias)


def multiplied(arguments: Sequence[Any], output: Tensor) -> Product:
    return matrices(arguments[0], arguments[1], output)


def added_to(arguments: Sequence[Any], output: Tensor) -> Product:
    """The first argument is a bias."""
    return matrices(arguments[1], arguments[2], output, output.numel())


def attention(arguments: Sequence[Any], output: Tensor) -> Product:
    """softmax(q kᵀ) v in one: its scores are real numbers, so that the second half multiplies in any case."""
    q, k, v = arguments[:3]
    *batch, queries, width = q.shape
    macs = prod(batch) * queries * k.shape[-2] * (width + v.shape[-1])
    return Product("product", (q, k, v), macs, never, spiking=())


def never(spikes: Sequence[bool]) -> Tensor:
    raise AssertionError("attention with a softmax is dense")


PRODUCTS: dict[str, Callable[[Sequence[Any], Tensor], Product]] = {
    **dict.fromkeys(("convolution", "_convolution"), convolution),
    **dict.fromkeys(("mm", "bmm"), multiplied),
    **dict.fromkeys(("addmm", "baddbmm"), added_to),
    **{
        f"_scaled_dot_product_{kind}": attention
        for kind in (
            "flash_attention_for_cpu", "flash_attention", "efficient_attention", "cudnn_attention",
            "fused_attention_overrideable", "attention_math",
        )
    },
}  # fmt: skip
LABELS = {name: "attention" if rule is attention else "matmul" for name, rule in PRODUCTS.items()}
