"""How far one network's output is from another's."""

from __future__ import annotations

import math
from typing import Any

from ..bench._diagnose.measure import tensors
from ..errors import InputError


def relative_error(found: Any, wanted: Any) -> float:
    """‖y − y′‖₂ / ‖y′‖₂ over all real outputs together, in float64; infinite where the outputs differ in shape.

    Raises:
        InputError: y′ is all 0, holds NaN or infinity, or has no real number in it.
    """
    ours, theirs = tensors(found), tensors(wanted)
    size = math.fsum(float(leaf.double().square().sum()) for leaf in theirs)
    if not size or not math.isfinite(size):
        raise InputError(
            "the model's outputs give no measure for an error",
            expected="real numbers, not all of them 0",
            got="nothing real" if not theirs else "only 0" if size == 0 else "NaN or infinity",
            remedy="give trained weights (--weights) and real inputs (--data): the last layer may be one of zeros",
        )
    if [leaf.shape for leaf in ours] != [leaf.shape for leaf in theirs]:
        return math.inf
    pairs = zip(ours, theirs)
    return math.sqrt(math.fsum(float((a.double() - b.double()).square().sum()) for a, b in pairs) / size)


def error_or_inf(found: Any, wanted: Any) -> float:
    """The same of two outputs of a spiking network; infinite if the network is broken, so that nothing is measured."""
    try:
        return relative_error(found, wanted)
    except InputError:
        return math.inf
