"""Activations recognised by what they give, not by how they are written: a function is tried on many numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .activations import Activation, LearnedClip
from .composed import Composed
from .elementwise import Elementwise
from .levels import Rows, jumps, levels_of

SAME = 2e-6  # relative: constants as √(2/π) are written with six digits or more
FINITE = 30.0  # up to here a spelled-out activation has to give numbers; farther out an exp may overflow


def numbers() -> Tensor:
    """What functions are tried on, float64 [N, 1]: close, far, and at no regular distance."""
    generator = torch.Generator().manual_seed(0)
    far = torch.logspace(-6, 9, 301, dtype=torch.float64)
    odd = 40 * torch.rand(1000, generator=generator, dtype=torch.float64) - 20
    return torch.cat([torch.linspace(-20, 20, 2001, dtype=torch.float64), far, -far, odd])[:, None]


def recognised(function: Composed) -> nn.Module | None:
    """The canonical site of a ReLU, a clip or an activation of the table that is this function, or None.

    A function with parameters that happens to be a ReLU is none: they may be trained on. A clip with parameters is a
    trained one.
    """
    x, numbered = numbers(), numeric(function)
    if numbered is None:
        return None
    y = numbered(x.expand(-1, function.rows))
    finite = y.isfinite()
    if not bool(finite[x[:, 0].abs() <= FINITE].all()) or bool((y == y[0]).all()):
        return None
    for module, value in candidates(function, x, y):
        if bool(((y - value).abs() <= SAME * (1 + value.abs()))[finite].all()):
            return module
    return None


def candidates(function: Composed, x: Tensor, y: Tensor) -> Iterator[tuple[nn.Module, Tensor]]:
    """Sites that the function may be, each with what it gives on x."""
    at = {value: y[int((x[:, 0] - value).abs().argmin())] for value in (-1e9, -1e8, -1.0, 0.0, 1e8, 1e9)}
    low, high, slope = at[-1e9], at[1e9], -at[-1.0]
    is_trained = any(True for _ in function.parameters())
    if bool(((low != 0) & (low == at[-1.0]) & (low.abs() <= SAME)).any()):
        return  # clamp(min=1e-12), the guard of a norm, is a ReLU to rounding, and no activation
    if bool((low == 0).all()) and bool((high > 0).all()) and torch.equal(high, at[1e8]):
        kind = LearnedClip if is_trained else Activation
        ceiling = float(high) if high.numel() == 1 else high.float().view(function.shape)
        yield kind(ceiling), x.clamp(min=0).minimum(high)
    if is_trained or function.rows > 1:
        if bool(slope.any()) and (function.rows == 1 or function.shape[0] == function.rows):
            weight = {"weight": nn.Parameter(slope.float())}
            yield Elementwise("prelu.default", {}, weight), torch.where(x > 0, x, slope * x)
        return
    yield Activation(), x.clamp(min=0)
    one, least, most = float(f"{float(slope):.14g}"), float(low), float(high)
    if one != 1:
        yield Elementwise("leaky_relu.default", {"negative_slope": one}), torch.where(x > 0, x, one * x)
    if least < most and torch.equal(low, at[-1e8]) and torch.equal(high, at[1e8]):
        bounds = {"min": least, "max": most}
        yield Elementwise("clamp.default", bounds), x.clamp(least, most)
    for operation, settings in [*FIXED, *fitted(float(at[0.0]), least)]:
        site = Elementwise(operation, settings)
        yield site, site(x)


FIXED: list[tuple[str, dict[str, Any]]] = [
    ("silu.default", {}), ("gelu.default", {}), ("gelu.default", {"approximate": "tanh"}), ("hardswish.default", {}),
    ("hardsigmoid.default", {}), ("sigmoid.default", {}), ("tanh.default", {}), ("mish.default", {}),
    ("softplus.default", {}), ("elu.default", {}), ("selu.default", {}), ("log_sigmoid.default", {}), ("softsign", {}),
]  # fmt: skip


def fitted(at_zero: float, least: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Activations with a setting, which one value of the function says."""
    if -math.inf < least < 0:
        yield "elu.default", {"alpha": -least}
    if at_zero > 0:
        yield "softplus.default", {"beta": float(f"{math.log(2) / at_zero:.12g}")}


def numeric(function: Composed) -> Rows | None:
    """The function of numbers, or None where one of its operations takes no float64."""
    numbered = function.in_rows()
    try:
        numbered(torch.zeros(1, function.rows, dtype=torch.float64))
    except (RuntimeError, TypeError):
        return None
    return numbered


def with_levels(function: Composed) -> bool:
    """Find out whether the function takes equal steps, and if not whether it jumps."""
    numbered = numeric(function)
    if numbered is None:
        return False
    function.settle(levels_of(numbered, function.rows), jumps(numbered, function.rows))
    return function.levels is not None
