"""Whether the canonical ANN is the function that the source model is."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.func import functional_call

from ..clips import kinds_in
from ..convert.capture import evaluating, fresh, recapture
from ..convert.graphs import as_call
from ..convert.settle import settled
from .distance import relative_error
from .result import Check

# Largest relative error, by the precision it is taken in. BatchNorm is folded in the model's own precision, float32,
# which leaves 1e-7 to 1e-6 in float64 too.
LIMITS = {"float64": 1e-5, "float32": 1e-4, "bfloat16": 0.1, "float16": 0.02}

LEVELS = "trained clips are compared as the clip(x, 0, λ) that they are converted to, without the levels of training"


def compare_canonical(
    source: nn.Module | ExportedProgram, canonical: fx.GraphModule, leaves: tuple[Tensor, ...]
) -> tuple[float, str, list[str]]:
    """‖f_can(x) − f(x)‖ / ‖f(x)‖ in float64, of the weights as they are; nothing is changed in either.

    Args:
        source: the model. canonical: what conversion made of it.
        leaves: flat inputs.

    Returns:
        The error, the precision that it was taken in, and notices: models that insist on a precision within are
        compared in their own.

    Raises:
        InputError: the model gives 0 for everything, or NaN.
    """
    module = recapture(source).module(check_guards=False) if isinstance(source, ExportedProgram) else source
    notices = [LEVELS] if set(kinds_in(module)) - {"clip"} else []
    with ExitStack() as block:
        block.enter_context(evaluating(module))
        block.enter_context(settled(module))
        try:
            found = outputs_of(canonical, leaves, torch.float64, canonical)
            wanted = outputs_of(module, leaves, torch.float64, canonical)
        except Exception as error:  # a forward raises whatever it likes
            own = next((leaf.dtype for leaf in leaves if leaf.is_floating_point()), torch.float32)
            found, wanted = (outputs_of(network, leaves, own, canonical) for network in (canonical, module))
            return relative_error(found, wanted), name_of(own), [*notices, refusal(own, error)]
    return relative_error(found, wanted), name_of(torch.float64), notices


def outputs_of(network: nn.Module, leaves: tuple[Tensor, ...], dtype: torch.dtype, convention: fx.GraphModule) -> Any:
    """What the network gives with its parameters, buffers and inputs cast to `dtype`, itself left as it is.

    Args:
        convention: the network whose calling convention says how the inputs go in.
    """
    tensors: dict[str, Tensor] = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    cast = {name: as_type(tensor, dtype) for name, tensor in tensors.items()}
    arguments = as_call(convention, tuple(as_type(leaf, dtype) for leaf in leaves))
    with torch.no_grad():
        return functional_call(network, cast, fresh(arguments))


def as_type(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype) if value.is_floating_point() else value.clone()


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def refusal(own: torch.dtype, error: Exception) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return f"the model does not run in float64 ({line}): compared in {name_of(own)}"


def canonical_check(error: float, precision: str) -> Check:
    limit = LIMITS.get(precision, LIMITS["float32"])
    expected = f"the canonical ANN within {limit:g} of the source model, relative L2, {precision}"
    return Check("canonical", error <= limit, expected, f"{error:.2g}")
