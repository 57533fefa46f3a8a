"""The kernels as operators of torch, which `torch.compile` takes as they are: fakes say what comes out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.library import custom_op

from . import dispatch, int8
from .dispatch import Parts, Scanned
from .layout import CHANNELS_LAST, Layout
from .step import Step


def scan(
    parts: Parts,
    state: tuple[Tensor, Tensor | None, Tensor | None] | None,
    step: Step,
    steps: int,
    *,
    keep: bool = True,
    count: bool = True,
) -> Scanned:
    """`dispatch.scan` for a network that is being compiled; spikes are float32."""
    held = (None, None, None) if state is None else state
    spikes, v, low, drive, counts = scan_operator(
        *parts, *held, step.theta, step.start, step.offset, step.most, step.surcharge, step.beta, step.down, step.gate,
        step.rounding, step.code, step.whole, steps, keep, count,
    )  # fmt: skip
    has_v, has_low, has_drive = wanted_of(step, keep)
    return Scanned(spikes, v if has_v else None, low if has_low else None, drive if has_drive else None, counts)


def wanted_of(step: Step, keep: bool) -> tuple[bool, bool, bool]:
    """Whether v, low and drive come out."""
    return keep, keep and step.rounding not in ("reach", "exceed"), keep and step.gate == "input"


@custom_op("snnconv::scan", mutates_args=())
def scan_operator(
    current: Tensor, varies: bool, residual: Tensor | None, residual_varies: bool, factor: Tensor | None,
    v: Tensor | None, low: Tensor | None, drive: Tensor | None,
    theta: Tensor, start: Tensor, offset: Tensor | None, most: Tensor | None, surcharge: Tensor | None,
    beta: int, down: int, gate: str, rounding: str, code: str, whole: bool, steps: int, keep: bool, count: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    step = Step(
        theta, start, offset, beta, down, cast(Any, gate), cast(Any, rounding), most, surcharge, None, whole,
        cast(Any, code),
    )  # fmt: skip
    parts = Parts(current, varies, residual, residual_varies, factor)
    state = None if v is None else tuple(None if held is None else held.clone() for held in (v, low, drive))
    found = dispatch.scan(parts, cast(Any, state), step, steps, keep=keep, count=count)
    wanted = zip(found[1:4], wanted_of(step, keep), strict=True)
    kept = (part if wants and part is not None else current.new_empty(0) for part, wants in wanted)
    return (found.spikes, *kept, found.counts)  # type: ignore[return-value]


@scan_operator.register_fake
def _(
    current: Tensor, varies: bool, residual: Tensor | None, residual_varies: bool, factor: Tensor | None,
    v: Tensor | None, low: Tensor | None, drive: Tensor | None,
    theta: Tensor, start: Tensor, offset: Tensor | None, most: Tensor | None, surcharge: Tensor | None,
    beta: int, down: int, gate: str, rounding: str, code: str, whole: bool, steps: int, keep: bool, count: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    step = Step(theta, start, offset, beta, down, cast(Any, gate), cast(Any, rounding))
    layout, rows = Layout.of(current), current.shape[0] // (steps if varies else 1)
    spikes, sample = (layout.empty((times * rows, *current.shape[1:]), current) for times in (steps, 1))
    kept = (torch.empty_like(sample) if wanted else current.new_empty(0) for wanted in wanted_of(step, keep))
    return (spikes, *kept, torch.empty(steps, dtype=torch.int64, device=current.device))  # type: ignore[return-value]


def product(layer: Any, x: Tensor) -> Tensor:
    """`int8.product` for a network that is being compiled."""
    weight, bias, geometry = int8.Affine.of(layer)
    return product_operator(x, weight, bias, layer.low, layer.high, *(geometry or ((), (), (), 1)))


@custom_op("snnconv::int8_product", mutates_args=())
def product_operator(
    x: Tensor, weight: Tensor, bias: Tensor | None, low: int, high: int,
    stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int], groups: int,
) -> Tensor:  # fmt: skip
    geometry = int8.Geometry(tuple(stride), tuple(padding), tuple(dilation), groups) if stride else None
    return laid(int8.product(int8.Affine(weight, bias, geometry), x, low, high))


@product_operator.register_fake
def _(
    x: Tensor, weight: Tensor, bias: Tensor | None, low: int, high: int,
    stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int], groups: int,
) -> Tensor:  # fmt: skip
    if not stride:
        return x.new_empty((*x.shape[:-1], weight.shape[0]), dtype=torch.float32)
    sizes = (
        (size + 2 * pad - space * (kernel - 1) - 1) // step + 1
        for size, pad, space, kernel, step in zip(x.shape[2:], padding, dilation, weight.shape[2:], stride, strict=True)
    )
    return laid(x.new_empty((x.shape[0], weight.shape[0], *sizes), dtype=torch.float32))


def laid(x: Tensor) -> Tensor:
    """Maps lie channels last."""
    return x.contiguous(memory_format=CHANNELS_LAST.get(x.dim(), torch.contiguous_format))
