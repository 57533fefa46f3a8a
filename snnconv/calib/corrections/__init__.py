"""Corrections under the actual spiking forward: one a file."""

from . import bias, bias_per_step, potential, shift, weights  # each registers its pass
from .apply import corrected as corrected
from .registry import CORRECTIONS as CORRECTIONS
from .registry import Correction as Correction

__all__ = ["CORRECTIONS", "Correction", "bias", "bias_per_step", "corrected", "potential", "shift", "weights"]
