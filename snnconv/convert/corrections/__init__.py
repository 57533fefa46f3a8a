"""Corrections under the actual spiking forward: one a file."""

from . import bias, bias_per_step, potential, shift, weights  # each registers its pass
from .apply import corrected as corrected
from .registry import PASSES as PASSES
from .registry import correction as correction

__all__ = ["PASSES", "bias", "bias_per_step", "corrected", "correction", "potential", "shift", "weights"]
