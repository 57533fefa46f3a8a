"""In which precision networks are compared, and how near each other they have to be in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn

from ..capture.capture import fresh
from ..capture.outputs import plain
from ..capture.swapped import swapped
from ..graph.graphs import as_call
from .distance import relative_error

# Largest relative error, by the precision that it is taken in. BatchNorm is folded, and quanta are, into weights of the
# model's own precision, float32, which leaves 1e-7 to 1e-6 in float64 too.
LIMITS = {"float64": 1e-5, "float32": 1e-4, "bfloat16": 0.1, "float16": 0.02}
TIMES, LARGEST = 10, 0.1  # times the network's own rounding is allowed, up to a tenth


def limit_of(precision: str, rounding: float) -> float:
    """The largest relative error of rounding alone, of networks that are compared in `precision`.

    Args:
        rounding: as `rounding_of` gives it.
    """
    return max(LIMITS.get(precision, LIMITS["float32"]), min(TIMES * rounding, LARGEST))


def rounding_of(network: fx.GraphModule, leaves: tuple[Tensor, ...]) -> float:
    """How far the network's own precision is from float64 at its output: ‖f(x) − f₆₄(x)‖ / ‖f₆₄(x)‖.

    It is large for weights of 8 or 11 bits, and where the output is a small difference of large values. Where values
    within are rounded to a coarser type than the weights have (autocast), it is at least what that type is allowed.

    Raises:
        InputError: the network gives 0 for everything, or NaN.
    """
    own = type_of(network)
    (exact,), precision, _ = compared(lambda dtype: [outputs_of(network, leaves, dtype, network)], own)
    within = coarsest(network)
    least = LIMITS[name_of(within)] / TIMES if is_coarser(within, own) else 0.0
    if precision != "float64":
        return least
    return max(least, relative_error(outputs_of(network, leaves, None, network), exact))


def coarsest(network: fx.GraphModule) -> torch.dtype:
    """The type of fewest digits that any value within has."""
    values = [node.meta.get("val") for node in network.graph.nodes]
    types = [value.dtype for value in values if isinstance(value, Tensor) and value.is_floating_point()]
    known = [dtype for dtype in [*types, *(p.dtype for p in network.parameters())] if name_of(dtype) in LIMITS]
    return max(known, key=lambda dtype: torch.finfo(dtype).eps, default=torch.float32)


def is_coarser(one: torch.dtype, other: torch.dtype) -> bool:
    return torch.finfo(one).eps > torch.finfo(other).eps


def type_of(network: nn.Module) -> torch.dtype:
    """Of the network's weights."""
    return next((p.dtype for p in network.parameters() if p.is_floating_point()), torch.float32)


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def compared(outputs: Callable[[torch.dtype | None], list[Any]], own: torch.dtype) -> tuple[list[Any], str, str | None]:
    """Outputs in float64; in the precision `own` where a network does not run in float64, with a notice that says so.

    Returns:
        The outputs, the precision, and the notice or None.
    """
    try:
        return outputs(torch.float64), name_of(torch.float64), None
    except Exception as error:  # a forward raises whatever it likes
        found = outputs(None)
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        return found, name_of(own), f"the model does not run in float64 ({line}): compared in {name_of(own)}"


def outputs_of(
    network: nn.Module, leaves: tuple[Tensor, ...], dtype: torch.dtype | None, convention: fx.GraphModule
) -> Any:
    """What the network gives with its parameters, buffers and inputs cast to `dtype`, itself left as it is.

    Args:
        dtype: None for the types that they have, which may be several.
        convention: the network whose calling convention says how the inputs go in.
    """
    arguments = as_call(convention, tuple(as_type(leaf, dtype) for leaf in leaves))
    with torch.no_grad(), swapped(network, lambda tensor: as_type(tensor, dtype)):
        return plain(network(*fresh(arguments)))


def as_type(value: Tensor, dtype: torch.dtype | None) -> Tensor:
    return value.to(dtype, copy=True) if dtype is not None and value.is_floating_point() else value.clone()
