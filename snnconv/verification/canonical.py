"""Whether the canonical ANN is the function that the source model is."""

from __future__ import annotations

from contextlib import ExitStack

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from ..capture.capture import evaluating, recapture
from ..capture.frozen_clips import settled
from ..learnable import kinds_in
from .distance import relative_error
from .precision import compared, limit_of, outputs_of
from .result import Check

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
    own = next((leaf.dtype for leaf in leaves if leaf.is_floating_point()), torch.float32)
    with ExitStack() as block:
        block.enter_context(evaluating(module))
        block.enter_context(settled(module))
        networks = (canonical, module)
        (found, wanted), precision, notice = compared(
            lambda dtype: [outputs_of(network, leaves, dtype, canonical) for network in networks], own
        )
    return relative_error(found, wanted), precision, [*notices, *([notice] if notice else [])]


def canonical_check(error: float, precision: str, rounding: float) -> Check:
    """
    Args:
        error, precision: as `compare_canonical` gives them. rounding: of the canonical ANN's own precision.
    """
    limit = limit_of(precision, rounding)
    expected = f"the canonical ANN within {limit:g} of the source model, relative L2, {precision}"
    return Check("canonical", error <= limit, expected, f"{error:.2g}")
